import fc from 'fast-check'
import { expect, test } from 'vitest'
import { beginsError } from './begins-error.ts'

test.each([
  'event: error\ndata: {}\n\n',
  'event:error\n',
  'data: {"type":"error","error":{}}\n\n',
  'data: { "type" : "error" }\n\n',
  ': ping\n\nevent: error',
])('%j begins an error', (text) => {
  expect(beginsError(Buffer.from(text))).toBe(true)
})

test('words about errors in the text of an answer do not', () => {
  const data = JSON.stringify({ type: 'content_block_delta', delta: { text: 'errr error {"type":"error"} ererror' } })
  expect(beginsError(Buffer.from(`event: content_block_delta\ndata: ${data}\n\n`))).toBe(false)
})

test('wherever an error begins, it is found', () => {
  const letters = fc.string({ unit: fc.constantFrom('e', 'r', 'o', ' ', 'x'), maxLength: 40 })
  fc.assert(
    fc.property(letters, letters, (before, after) => {
      expect(beginsError(Buffer.from(`${before}event: error${after}`))).toBe(true)
      expect(beginsError(Buffer.from(before + after))).toBe(false)
    }),
  )
})
