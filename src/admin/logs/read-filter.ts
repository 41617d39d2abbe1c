import type { FieldOf } from '../../contract/filter/fields.ts'
import type { Bound, Bounds, Filter, Pattern, Term } from '../../contract/filter/filter.ts'
import { parseFilter } from '../../contract/filter/parse-filter.ts'
import type { NumberRange, RecordCondition, RecordState, TextAttribute } from '../../store/record-condition.ts'
import type { Identity } from '../caller.ts'
import { invalid } from '../error.ts'
import { findKeys, findPeople, findWorkspaces, type NameParts } from './find-names.ts'

/** A filter as records are asked for it. */
export interface ReadFilter {
  readonly filter: Filter
  readonly conditions: readonly RecordCondition[]
  /** What is to be found in what was said; empty when nothing is. */
  readonly words: readonly string[]
}

/** Reads the text of a filter for a caller; names that it may not see stand for nobody. All problems are told in one `AB01`. */
export async function readFilter(parts: NameParts, caller: Identity, text: string): Promise<ReadFilter> {
  const { filter, problems } = parseFilter(text)
  if (problems.length > 0) {
    throw invalid(problems.map(({ from, message }) => `q: at character ${from + 1}: ${message}`).join('\n'))
  }
  const conditions: RecordCondition[] = []
  const words: string[] = []
  for (const term of filter.terms) {
    if (term.kind === 'search') words.push(term.words)
    else conditions.push(await toCondition(parts, caller, term))
  }
  return { filter, conditions, words }
}

async function toCondition(
  parts: NameParts,
  caller: Identity,
  term: Exclude<Term, { kind: 'search' }>,
): Promise<RecordCondition> {
  const { not } = term
  switch (term.kind) {
    case 'tag':
      return { kind: 'tag', tag: term.tag, not, any: term.any }
    case 'number': {
      const of = term.field as FieldOf<'number'>
      return { kind: 'number', of, not, any: of === 'cost' ? term.any.map(toNanos) : term.any }
    }
    case 'choice':
      return toChoice(term.field as FieldOf<'choice'>, not, term.any)
    case 'text': {
      const of = term.field as FieldOf<'text'>
      return { kind: 'text', of, not, any: await toIds(parts, caller, of, term.any) }
    }
  }
}

function toChoice(field: FieldOf<'choice'>, not: boolean, any: readonly string[]): RecordCondition {
  if (field === 'is') return { kind: 'state', not, any: any as readonly RecordState[] }
  if (field === 'has') return { kind: 'state', not, any: any.map((choice) => `has ${choice}` as RecordState) }
  const of: TextAttribute = field
  // The cache's words are Portkey's, which are written large.
  return { kind: 'text', of, not, any: any.map((choice) => [of === 'cache.status' ? choice.toUpperCase() : choice]) }
}

/** Fields whose values are names of ours become the ids that the names stand for; all others stay what they are. */
async function toIds(
  parts: NameParts,
  caller: Identity,
  field: FieldOf<'text'>,
  any: readonly Pattern[],
): Promise<readonly Pattern[]> {
  const find = FINDERS[field]
  return find === undefined ? any : (await find(parts, caller, any)).map((id) => [id])
}

const FINDERS: Readonly<Partial<Record<FieldOf<'text'>, typeof findPeople>>> = {
  user: findPeople,
  key: findKeys,
  workspace: findWorkspaces,
}

const NANOS_PER_DOLLAR = 1e9

function toNanos({ from, to }: Bounds): NumberRange {
  const nanosOf = ({ value, included }: Bound) => ({ value: BigInt(Math.round(value * NANOS_PER_DOLLAR)), included })
  return { ...(from !== undefined && { from: nanosOf(from) }), ...(to !== undefined && { to: nanosOf(to) }) }
}
