import { findField, FIELDS, readField, TAG_PREFIX, type Field, type FieldName } from './fields.ts'

/** What could stand at the cursor in place of the characters from `from` up to `to`. */
export interface Completion {
  readonly from: number
  readonly to: number
  readonly suggestions: readonly Suggestion[]
  /** The field, or the tag with its prefix, whose values would be offered, begun with `typed`; records know them, we do not. */
  readonly values?: { readonly field: string; readonly typed: string }
}

export interface Suggestion {
  readonly text: string
  readonly summary: string
}

/** `cursor` counts characters from the beginning of the text. */
export function completeFilter(text: string, cursor: number): Completion {
  const at = Math.max(0, Math.min(cursor, text.length))
  const word = wordBefore(text, at)
  const colon = findColon(word)
  if (colon === -1) return completeName(word, at)
  const name = word.slice(0, colon).replace(/^-/, '')
  const typed = word.slice(Math.max(colon, lastComma(word)) + 1)
  const place = { from: at - typed.length, to: at }
  if (name.toLowerCase().startsWith(TAG_PREFIX)) return { ...place, suggestions: [], values: { field: name, typed } }
  const field = findField(name)
  if (field === undefined) return { ...place, suggestions: [] }
  return { ...place, ...completeValue(field, typed) }
}

function completeName(word: string, at: number): Completion {
  const typed = word.replace(/^-/, '').toLowerCase()
  const suggestions: Suggestion[] = Object.entries(FIELDS)
    .filter(([name, field]: [string, Field]) => [name, ...(field.aliases ?? [])].some((each) => each.startsWith(typed)))
    .map(([name, { summary }]) => ({ text: `${name}:`, summary }))
  if (TAG_PREFIX.startsWith(typed))
    suggestions.push({ text: TAG_PREFIX, summary: 'A tag by its name, such as tag.team:payments' })
  return { from: at - typed.length, to: at, suggestions }
}

function completeValue(name: FieldName, typed: string): Pick<Completion, 'suggestions' | 'values'> {
  const field = readField(name)
  switch (field.kind) {
    case 'choice':
      return {
        suggestions: Object.entries(field.choices)
          .filter(([choice]) => choice.startsWith(typed.toLowerCase()))
          .map(([choice, [phrase]]) => ({ text: choice, summary: `requests that ${phrase}` })),
      }
    case 'number':
      return {
        suggestions: typed === '' ? [{ text: field.example.slice(name.length + 1), summary: field.summary }] : [],
      }
    case 'text':
      return { suggestions: [], values: { field: name, typed } }
  }
}

/** From the last space that stands in no quotes. */
function wordBefore(text: string, at: number): string {
  let start = 0
  let quoted = false
  for (let index = 0; index < at; index++) {
    if (quoted && text[index] === '\\') index++
    else if (text[index] === '"') quoted = !quoted
    else if (!quoted && /\s/.test(text[index]!)) start = index + 1
  }
  return text.slice(start, at)
}

function findColon(word: string): number {
  return word.startsWith('"') ? -1 : word.indexOf(':')
}

function lastComma(word: string): number {
  let last = -1
  let quoted = false
  for (let index = 0; index < word.length; index++) {
    if (word[index] === '"') quoted = !quoted
    else if (!quoted && word[index] === ',') last = index
  }
  return last
}
