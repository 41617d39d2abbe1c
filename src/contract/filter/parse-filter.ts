import { nearestName } from '../../core/spelling.ts'
import { readBounds } from './amounts.ts'
import {
  fieldNames,
  findField,
  readField,
  TAG_PREFIX,
  type ChoiceField,
  type FieldName,
  type TextField,
} from './fields.ts'
import { FILTER_LENGTH_MAX, FILTER_TERMS_MAX, type Filter, type Pattern, type Problem, type Term } from './filter.ts'
import { quote, readTokens, type RawTerm, type RawValue } from './tokens.ts'

export interface ParsedFilter {
  /** Of what was understood. */
  readonly filter: Filter
  /** Empty for a text that is understood to its end. */
  readonly problems: readonly Problem[]
}

/** Never throws: an editor asks with every key that is pressed. */
export function parseFilter(text: string): ParsedFilter {
  if (text.length > FILTER_LENGTH_MAX) return refuse(text, `A filter may have ${FILTER_LENGTH_MAX} characters at most.`)
  if (text.includes('\0') || !text.isWellFormed()) return refuse(text, 'This holds characters that no record can hold.')
  const { terms, problems } = readTokens(text)
  if (terms.length > FILTER_TERMS_MAX) return refuse(text, `A filter may have ${FILTER_TERMS_MAX} terms at most.`)
  const found: Problem[] = [...problems]
  const read = terms.map((term) => readTerm(term, (problem) => found.push(problem)))
  return { filter: { terms: read.filter((term) => term !== undefined) }, problems: found }
}

function refuse(text: string, message: string): ParsedFilter {
  return { filter: { terms: [] }, problems: [{ from: 0, to: text.length, message }] }
}

type Report = (problem: Problem) => void

function readTerm(term: RawTerm, report: Report): Term | undefined {
  const { name } = term
  if (name === undefined) return readWords(term, report)
  if (name.text.toLowerCase().startsWith(TAG_PREFIX)) return readTag(term, name.text.slice(TAG_PREFIX.length), report)
  const field = findField(name.text)
  if (field === undefined) {
    report({ from: name.from, to: name.to, message: tellField(name.text) })
    return undefined
  }
  return readFieldTerm(term, field, report)
}

/** What people write for a time, which stands beside the filter, so that a page and its charts can share it. */
const TIMES: readonly string[] = ['since', 'until', 'before', 'after', 'from', 'to', 'date', 'day', 'time', 'at']

function tellField(name: string): string {
  if (TIMES.includes(name.toLowerCase())) {
    return `${JSON.stringify(name)} is no field: times stand beside the filter, in since and until.`
  }
  const meant = nearestName(name, fieldNames())
  const hint =
    meant === undefined
      ? `Known are ${fieldNames().slice(0, 8).join(', ')} and others; tags are tag.NAME.`
      : `Did you mean ${meant}?`
  return `${JSON.stringify(name.slice(0, 40))} is no field. ${hint}`
}

/** What people write out who know another language of queries. */
const CONNECTIVES: ReadonlyMap<string, string> = new Map([
  ['and', 'And is a space; take the word away.'],
  ['or', 'Or is a comma between values: model:opus,haiku.'],
  ['not', 'Not is a minus before the term: -is:error.'],
])

/** Words without a field: text in quotes, or an id that says by itself what it is of. */
function readWords({ from, to, not, values }: RawTerm, report: Report): Term | undefined {
  const [value, ...more] = values
  if (value === undefined || more.length > 0) {
    report({ from, to, message: 'A list needs a field before it, such as dev:ana,bo.' })
    return undefined
  }
  const [words = ''] = value.pattern
  if (value.quoted && words.trim() !== '') {
    if (!not) return { kind: 'search', words }
    report({ from, to, message: 'Text can be searched for, but not left out; take the minus away.' })
    return undefined
  }
  const idField = value.pattern.length > 1 ? undefined : findIdField(words)
  if (idField !== undefined) return { kind: 'text', field: idField, not, any: [[words]] }
  const field = findField(words)
  const hint = value.quoted ? undefined : CONNECTIVES.get(words.toLowerCase())
  const advice =
    field === undefined
      ? `Put text that you look for in quotes: ${quote(words.slice(0, 40))}.`
      : `Say which, such as ${readField(field).example}.`
  report({ from, to, message: hint ?? advice })
  return undefined
}

function findIdField(word: string): FieldName | undefined {
  if (/^req_[0-9a-z]+$/.test(word)) return 'request'
  return /^ses_[0-9a-z]+$/.test(word) ? 'session' : undefined
}

function readTag(term: RawTerm, tag: string, report: Report): Term | undefined {
  if (tag === '') {
    report({ from: term.from, to: term.to, message: 'Say which tag, such as tag.team:payments.' })
    return undefined
  }
  const any = readPatterns(term, undefined, report)
  return any.length === 0 ? undefined : { kind: 'tag', tag, not: term.not, any }
}

function readFieldTerm(term: RawTerm, name: FieldName, report: Report): Term | undefined {
  const field = readField(name)
  const { not } = term
  switch (field.kind) {
    case 'text': {
      const any = readPatterns(term, field, report)
      return any.length === 0 ? undefined : { kind: 'text', field: name, not, any }
    }
    case 'choice': {
      const any = readAll(term, report, (value) => readChoice(value, name, field))
      return any.length === 0 ? undefined : { kind: 'choice', field: name, not, any }
    }
    case 'number': {
      const any = readAll(term, report, ({ text }) => {
        const bounds = readBounds(text, field.unit)
        return typeof bounds === 'string' ? { message: bounds } : { value: bounds }
      })
      return any.length === 0 ? undefined : { kind: 'number', field: name, not, any }
    }
  }
}

/** What a value means, or what is wrong with it. */
type Reading<Value> = { readonly value: Value } | { readonly message: string }

function readChoice({ text }: RawValue, name: string, { choices }: ChoiceField): Reading<string> {
  const known = Object.keys(choices)
  const choice = text.toLowerCase()
  if (known.includes(choice)) return { value: choice }
  const meant = nearestName(text, known)
  const hint = meant === undefined ? `Known are ${known.join(', ')}.` : `Did you mean ${meant}?`
  return { message: `${name} has no ${JSON.stringify(text.slice(0, 40))}. ${hint}` }
}

function readPatterns(term: RawTerm, field: TextField | undefined, report: Report): readonly Pattern[] {
  return readAll(term, report, ({ pattern }) => ({ value: withoutPrefix(pattern, field?.prefix) }))
}

function withoutPrefix(pattern: Pattern, prefix: string | undefined): Pattern {
  const [first = '', ...rest] = pattern
  return prefix !== undefined && first.startsWith(prefix) ? [first.slice(prefix.length), ...rest] : pattern
}

/** The values that are understood; what is wrong with the others is reported. */
function readAll<Value>(term: RawTerm, report: Report, read: (value: RawValue) => Reading<Value>): readonly Value[] {
  return term.values.flatMap((value) => {
    const { from, to, text } = value
    const reading = text === '' ? { message: 'A value is missing here.' } : read(value)
    if ('value' in reading) return [reading.value]
    report({ from: from === to ? Math.max(0, from - 1) : from, to, message: reading.message })
    return []
  })
}
