import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byteLength, joined, withoutShort } from './pieces.ts'

test('pieces without short neighbours are the same bytes, and long ones are not copied', () => {
  const piece = fc
    .oneof(fc.nat(200), fc.integer({ min: 16_000, max: 17_000 }))
    .map((length) => Buffer.alloc(length, length))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const few = withoutShort(pieces)
      expect(joined(few).equals(Buffer.concat(pieces))).toBe(true)
      expect(byteLength(few)).toBe(joined(pieces).length)
      for (const long of pieces) if (long.length >= 16 * 1024) expect(few).toContain(long)
      expect(few.some(({ length }, at) => length < 16 * 1024 && (few[at + 1]?.length ?? Infinity) < 16 * 1024)).toBe(
        false,
      )
    }),
  )
})

test('what is one piece already is not copied', () => {
  const whole = Buffer.from('{}')
  expect(joined([whole])).toBe(whole)
})
