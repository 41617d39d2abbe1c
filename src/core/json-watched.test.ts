import { assert, constantFrom, jsonValue, property, tuple } from 'fast-check'
import { expect, it } from 'vitest'
import { mayHave, scanTopLevel } from './json.ts'

const WORDS = ['1h', 'image', 'document', 'cache_control'] as const

/** Ways to put a word into a nested value. */
const PLACES: readonly ((word: string) => unknown)[] = [
  (word) => [word],
  (word) => ({ [word]: 1 }),
  (word) => [{ deep: [{ type: word, text: 'the image of a document' }] }],
]

/** Ways to spell it. */
const SPELLINGS: readonly ((word: string) => string)[] = [
  (word) => word,
  (word) => escaped(word[0]!) + word.slice(1),
  (word) => word.slice(0, 1) + escaped(word[1]!) + word.slice(2),
  (word) => Array.from(word, escaped).join(''),
]

function escaped(letter: string): string {
  return `\\u00${letter.charCodeAt(0).toString(16)}`
}

function scan(json: string) {
  return scanTopLevel(Buffer.from(json))
}

it('finds a watched word wherever it stands in a nested value, and however it is spelled', () => {
  const where = tuple(constantFrom(...WORDS), constantFrom(...PLACES), constantFrom(...SPELLINGS), jsonValue())
  assert(
    property(where, ([word, place, spell, other]) => {
      const json = JSON.stringify({ before: other, messages: place(word), after: other })
      expect(mayHave(scan(json.replaceAll(`"${word}"`, `"${spell(word)}"`)), word)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

it.for([
  ['text that speaks of it', { messages: [{ text: 'an "image", a "document", for "1h"' }] }],
  ['longer words that begin so', { messages: ['images', 'documentation', 'cache_controls', '1hour'] }],
  ['escapes that everybody writes', { messages: ['i\n"', 'c\u001b[1m', '1<'] }],
])('does not take %s for a word', ([, document]) => {
  for (const word of WORDS) expect(mayHave(scan(JSON.stringify(document)), word)).toBe(false)
})

it('forgets what it has seen in the body before', () => {
  scan('{"messages":["image","\\u0031h"]}')
  for (const word of WORDS) expect(mayHave(scan('{"messages":[]}'), word)).toBe(false)
})
