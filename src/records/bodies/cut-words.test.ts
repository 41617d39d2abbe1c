import { expect, test } from 'vitest'
import { cutWords } from './cut-words.ts'

test.each([
  ['Where is the KEY?', ['where', 'is', 'the', 'key']],
  [String.raw`one\ntwo\t\"three\" \u00fcber c:\\folder`, ['one', 'two', 'three', 'über', 'c', 'folder']],
  ['naïve nai\u0308ve', ['naïve']],
  ['snake_case 3.14', ['snake_case', '3', '14']],
  ['कितना 東京', ['कितना', '東京']],
  [String.raw`a\u0000b\ud800c`, ['a', 'b', 'c']],
  ['', []],
  ['a'.repeat(65), []],
])('%j has the words %j', (text, words) => {
  expect(cutWords(text)).toEqual(words)
})

test('the words of one text are bounded', () => {
  const words = cutWords(Array.from({ length: 200_000 }, (_, at) => `word${at}`).join(' '))
  expect(Buffer.byteLength(words.join(''))).toBeLessThanOrEqual(500_000)
  expect(words.length).toBeGreaterThan(40_000)
})
