import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readDollars, readWhole, writeDollars } from './amounts.ts'

const BILLION_DOLLARS = 10n ** 18n

test('whatever is written of an amount reads as that amount, also after a way through JSON', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: BILLION_DOLLARS }), (nanos) => {
      const sent = JSON.parse(JSON.stringify({ amount: writeDollars(nanos) })) as { amount: number | string }
      expect(readDollars(sent.amount)).toBe(nanos)
    }),
  )
})

test('a number with more digits than JSON keeps is refused, or reads as its nearest round one', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 10n ** 15n, max: BILLION_DOLLARS - 1n }), (nanos) => {
      const text = `${nanos / 10n ** 9n}.${(nanos % 10n ** 9n).toString().padStart(9, '0')}`
      const read = attempt(() => readDollars(JSON.parse(text) as number))
      // The space between two numbers of this size.
      const off = read === undefined ? 0n : read - nanos
      expect(off < 120n && off > -120n).toBe(true)
    }),
  )
})

test('an amount is a number as long as that is exact', () => {
  expect(writeDollars(50n * 10n ** 9n)).toBe(50)
  expect(writeDollars(1n)).toBe(1e-9)
  expect(writeDollars(123_456_789_123_456_789n)).toBe('123456789.123456789')
})

test.each(['', ' ', '1e3', '0x10', '1_000', '1,5', '+1', '.5', '5.', 'Infinity', '１'])(
  '%j is no amount',
  (written) => {
    expect(() => readDollars(written)).toThrow(RangeError)
    expect(() => readWhole(written)).toThrow(RangeError)
  },
)

function attempt<Value>(work: () => Value): Value | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
