import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  appendRange,
  BrokenRangesError,
  decodeRanges,
  encodeRanges,
  type Range,
  rebuild,
  sliceRanges,
} from './range.ts'

const ranges = fc.array(
  fc.record({ segment: fc.nat(2 ** 31), offset: fc.nat(2 ** 31), length: fc.integer({ min: 1, max: 2 ** 31 }) }),
)

test('ranges come back as they were written', () => {
  fc.assert(
    fc.property(ranges, (given) => {
      expect(decodeRanges(encodeRanges(given))).toEqual(given)
    }),
  )
})

test('a body that goes through its segments in order takes some four bytes a range', () => {
  const given: Range[] = Array.from({ length: 140 }, (_, segment) => ({ segment, offset: 1, length: 16_000 }))
  expect(encodeRanges(given).length).toBeLessThanOrEqual(2 + 140 * 5)
})

test.each([
  ['nothing at all', ''],
  ['a list that ends too early', '0200'],
  ['a number that ends too early', '01ff'],
  ['bytes behind the list', '0000'],
  ['a number beyond what a double holds', '01ffffffffffffffffff7f'],
  ['a segment before the first', '01010001'],
  ['an offset before its segment', '01000101'],
])('%s is no list of ranges', (_, hex) => {
  expect(() => decodeRanges(Buffer.from(hex, 'hex'))).toThrow(BrokenRangesError)
})

test('any bytes are read as ranges or refused, and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        for (const { segment, offset, length } of decodeRanges(Buffer.from(bytes))) {
          expect(Math.min(segment, offset, length)).toBeGreaterThanOrEqual(0)
        }
      } catch (error) {
        expect(error).toBeInstanceOf(BrokenRangesError)
      }
    }),
  )
})

test('neighbours become one range, and a slice of a body is made of slices of its ranges', () => {
  const whole: Range[] = []
  appendRange(whole, { segment: 0, offset: 0, length: 4 })
  appendRange(whole, { segment: 0, offset: 4, length: 4 })
  appendRange(whole, { segment: 1, offset: 2, length: 3 })
  appendRange(whole, { segment: 1, offset: 9, length: 0 })
  expect(whole).toEqual([
    { segment: 0, offset: 0, length: 8 },
    { segment: 1, offset: 2, length: 3 },
  ])
  expect(sliceRanges(whole, 6, 10)).toEqual([
    { segment: 0, offset: 6, length: 2 },
    { segment: 1, offset: 2, length: 2 },
  ])
  expect(sliceRanges(whole, 3, 3)).toEqual([])
})

test('a range that goes beyond its segment is an error, and no shorter body', () => {
  expect(() => rebuild([{ segment: 0, offset: 2, length: 3 }], () => Buffer.alloc(4))).toThrow(BrokenRangesError)
})

test('each segment is fetched once', () => {
  const asked: number[] = []
  const body = rebuild(
    [
      { segment: 7, offset: 0, length: 2 },
      { segment: 8, offset: 0, length: 1 },
      { segment: 7, offset: 2, length: 2 },
    ],
    (segment) => {
      asked.push(segment)
      return Buffer.from('abcd')
    },
  )
  expect(body.toString()).toBe('abacd')
  expect(asked).toEqual([7, 8])
})
