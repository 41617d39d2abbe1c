import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinViews, viewText } from './text-view.ts'

test('a string of JSON is read as JSON.parse reads it, and each letter knows where it stands', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, isAscii) => {
      const json = isAscii ? JSON.stringify(text).replaceAll(/[^ -~]/gu, escaped) : JSON.stringify(text)
      const bytes = Buffer.from(json)
      const view = viewText(bytes, 1, bytes.length - 1, true)
      expect(view.text).toBe(JSON.parse(bytes.toString()))
      const spelled = view.text.split('').map((_, at) => bytes.toString('utf8', view.byteAt(at), view.byteAt(at + 1)))
      const read = spelled.map((letter) => (JSON.parse(`"${letter}"`) as string) || ' ')
      // Of a letter of two units, all bytes belong to the second.
      expect(read.join('').replaceAll(/ (?=[\u{10000}-\u{10ffff}])/gu, '')).toBe(
        isAscii ? view.text : view.text.replaceAll(/ (?=[\u{10000}-\u{10ffff}])/gu, ''),
      )
    }),
  )
})

function escaped(letter: string): string {
  return [...letter.split('')].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
}

test('of any bytes, each is in one letter', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (array, escapes) => {
      const bytes = Buffer.from(array)
      const view = viewText(bytes, 0, bytes.length, escapes)
      expect(view.byteAt(view.text.length)).toBe(bytes.length)
      const lengths = view.text.split('').map((_, at) => view.byteAt(at + 1) - view.byteAt(at))
      expect(Math.min(0, ...lengths)).toBe(0)
      expect(Math.max(6, ...lengths)).toBe(6)
    }),
  )
})

test('texts that are read as one know where each of their letters stands', () => {
  const bytes = Buffer.from('ab.cd..e\\u0066')
  const view = (start: number, end: number) => viewText(bytes, start, end, true)
  const joined = joinViews([view(0, 2), view(3, 5), view(6, 6), view(7, 14)])
  expect(joined.text).toBe('abcdef')
  expect(joined.stretches(1, 6)).toEqual([
    { start: 1, end: 2 },
    { start: 3, end: 5 },
    { start: 7, end: 14 },
  ])
  expect(joined.stretches(2, 3)).toEqual([{ start: 3, end: 4 }])
})
