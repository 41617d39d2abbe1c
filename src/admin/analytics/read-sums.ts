import { matchSums } from '../../store/match-sums.ts'
import { addSums, NO_SUMS } from '../../store/sums.ts'
import { isTag, sumRows, type GroupField, type RowGroup } from '../../store/usage-rows.ts'
import { sumTags, sumUsage, type Sums } from '../../store/usage.ts'
import { sumAll } from '../usage/lines.ts'
import { findSpan } from '../usage/spans.ts'
import { walkSpans } from '../usage/walk-spans.ts'
import type { AnalyticsQuestion } from './question.ts'

/** What came of a group in each span, and in all of them. */
export interface GroupSums {
  readonly total: Sums
  readonly spans: readonly Sums[]
}

export interface ReadSums {
  /** By value; by the empty text where nothing was grouped. */
  readonly groups: ReadonlyMap<string, GroupSums>
  /** Down to where records were looked at, in milliseconds since the epoch; undefined where all were. */
  readonly searchedUntil: number | undefined
}

/** Sums by group and span: from the roll-ups where they know, else from the records, as far as patience reaches. */
export async function readSums(question: AnalyticsQuestion, groupBy?: RowGroup): Promise<ReadSums> {
  const cells = new Map<string, Sums[]>()
  const fromRollUps = await readRollUps(question, groupBy)
  if (fromRollUps !== undefined) {
    for (const { value, start, sums } of fromRollUps) add(value, findSpan(question.spans, start), sums)
    return { groups: close(), searchedUntil: undefined }
  }
  const { db, scope, conditions, spans, patience } = question
  const { searchedUntil } = await walkSpans(spans, patience, async ({ start, end }, at, left) => {
    const found = await sumRows(db, { ...scope, conditions, since: start, until: end }, groupBy, left)
    for (const [value, sums] of found.groups) add(value, at, sums)
    return found
  })
  return { groups: close(), searchedUntil }

  function add(value: string, at: number, sums: Sums): void {
    const known = cells.get(value) ?? question.spans.map(() => NO_SUMS)
    if (at !== -1) known[at] = addSums(known[at]!, sums)
    cells.set(value, known)
  }

  function close(): ReadonlyMap<string, GroupSums> {
    if (groupBy === undefined && cells.size === 0) add('', -1, NO_SUMS)
    return new Map([...cells].map(([value, each]) => [value, { total: sumAll(each), spans: each }]))
  }
}

/** Of everything together. */
export async function readAll(question: AnalyticsQuestion) {
  const { groups, searchedUntil } = await readSums(question)
  return { ...(groups.get('') ?? { total: NO_SUMS, spans: question.spans.map(() => NO_SUMS) }), searchedUntil }
}

interface Cell {
  readonly value: string
  readonly start: number
  readonly sums: Sums
}

async function readRollUps(
  { db, scope, conditions, spans, unit }: AnalyticsQuestion,
  groupBy: RowGroup | undefined,
): Promise<readonly Cell[] | undefined> {
  const matching = matchSums(db, conditions, 'usage')
  if (matching === undefined || groupBy === 'status' || groupBy === 'config_id') return undefined
  const range = { ...scope, since: spans[0]!.start, until: spans.at(-1)!.end, overTime: true }
  if (groupBy !== undefined && isTag(groupBy)) {
    // Tags are added up by themselves, by the day, and by nothing else.
    if (conditions.length > 0 || unit === 'hour') return undefined
    const rows = await sumTags(db, { ...range, name: groupBy.slice(TAG.length), limit: VALUES_MAX })
    return rows.map(({ value, start, sums }) => ({ value, start: start!, sums }))
  }
  const column = groupBy as Exclude<GroupField, `tag.${string}`> | undefined
  const rows = await sumUsage(db, {
    ...range,
    unit,
    matching: () => matching,
    ...(column !== undefined && { groupBy: [column] }),
  })
  return rows.map(({ group, start, sums }) => ({
    value: column === undefined ? '' : (group?.[column] ?? ''),
    start: start!,
    sums,
  }))
}

const TAG = 'tag.'

/** Values of a tag, the dearest ones. */
const VALUES_MAX = 1_000
