import fc from 'fast-check'
import { expect, it } from 'vitest'
import { foldAddress, foldName } from './fold-name.ts'

it.each([
  ['Payments', 'payments'],
  ['Ｐａｙｍｅｎｔｓ', 'payments'],
  ['  Pay\u200Bments ', 'payments'],
  ['Data  Science', 'data\u00A0science'],
  ['Caf\u00E9', 'CAFE\u0301'],
])('%j and %j are one name', (left, right) => {
  expect(foldName(left)).toBe(foldName(right))
})

it('different names stay different', () => {
  expect(foldName('Payments')).not.toBe(foldName('Payment'))
})

it('an address is found again in any spelling', () => {
  expect(foldAddress(' Ada@Example.COM ')).toBe('ada@example.com')
})

it('folding what is folded changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(foldAddress(foldAddress(text))).toBe(foldAddress(text))
      expect(foldName(foldName(text))).toBe(foldName(text))
    }),
  )
})
