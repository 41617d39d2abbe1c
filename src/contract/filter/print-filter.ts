import { writeBounds } from './amounts.ts'
import { readField, TAG_PREFIX, type NumberField, type TextField } from './fields.ts'
import type { Filter, Pattern, Term } from './filter.ts'
import { quote, quoteIfNeeded } from './tokens.ts'

/** The filter in its shortest spelling: what the parser reads as the same filter again. */
export function printFilter({ terms }: Filter): string {
  return terms.map(printTerm).join(' ')
}

function printTerm(term: Term): string {
  switch (term.kind) {
    case 'search':
      return quote(term.words)
    case 'tag':
      return printList(term.not, `${TAG_PREFIX}${quoteIfNeeded(term.tag)}`, term.any.map(printPattern))
    case 'text': {
      const { prefix = '' } = readField(term.field) as TextField
      return printList(
        term.not,
        term.field,
        term.any.map((pattern) => `${prefix}${printPattern(pattern)}`),
      )
    }
    case 'choice':
      return printList(term.not, term.field, term.any)
    case 'number': {
      const { unit } = readField(term.field) as NumberField
      return printList(
        term.not,
        term.field,
        term.any.map((bounds) => writeBounds(bounds, unit)),
      )
    }
  }
}

function printList(not: boolean, name: string, values: readonly string[]): string {
  return `${not ? '-' : ''}${name}:${values.join(',')}`
}

/** Empty pieces beside a star need no quotes. */
export function printPattern(pattern: Pattern): string {
  return pattern.length === 1
    ? quoteIfNeeded(pattern[0] ?? '')
    : pattern.map((piece) => (piece === '' ? '' : quoteIfNeeded(piece))).join('*')
}
