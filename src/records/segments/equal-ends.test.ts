import fc from 'fast-check'
import { expect, test } from 'vitest'
import { equalAtEnd, equalAtStart } from './equal-ends.ts'

test('as many bytes are equal at both ends as a comparison one by one finds', () => {
  // Lengths around the steps in which bytes are compared.
  const length = fc.oneof(fc.nat(100), fc.integer({ min: 8_150, max: 8_230 }), fc.integer({ min: 16_300, max: 16_450 }))
  fc.assert(
    fc.property(length, length, fc.nat(20_000), fc.nat(20_000), (a, b, changeA, changeB) => {
      const one = Buffer.alloc(a, 'the same words over and over ')
      const other = Buffer.alloc(b, 'the same words over and over ')
      if (changeA < a) one[changeA]! ^= 1
      if (changeB < b) other[b - 1 - changeB]! ^= 1
      const most = Math.min(a, b)
      let start = 0
      while (start < most && one[start] === other[start]) start += 1
      let end = 0
      while (end < most && one[a - 1 - end] === other[b - 1 - end]) end += 1
      expect(equalAtStart(one, other, most)).toBe(start)
      expect(equalAtEnd(one, other, most)).toBe(end)
      expect(equalAtEnd(one, other, Math.min(3, most))).toBe(Math.min(3, end))
    }),
  )
})
