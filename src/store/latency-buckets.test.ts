import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketOf, LAST_BUCKET, middleOf, percentileOf, percentilesOf, requestsIn } from './latency-buckets.ts'

test('the middle of a bucket is less than a tenth off from everything in it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.0101, max: 80_000_000, noNaN: true }), (ms) => {
      expect(Math.abs(middleOf(bucketOf(ms)) / ms - 1)).toBeLessThan(0.1)
    }),
  )
})

test('no time at all, and more than a day, have buckets too', () => {
  expect([bucketOf(0), bucketOf(-1), bucketOf(Number.NaN)]).toEqual([0, 0, 0])
  expect([bucketOf(1e12), bucketOf(Infinity)]).toEqual([LAST_BUCKET, LAST_BUCKET])
})

test('a percentile is the duration that its share of all does not exceed', () => {
  const counts = [100, 10, 1].map((ms) => ({ bucket: bucketOf(ms), requests: 10 }))
  expect(percentilesOf(counts, [0.01, 0.33, 0.34, 0.67, 1])).toEqual(
    [1, 1, 10, 100, 100].map((ms) => middleOf(bucketOf(ms))),
  )
  expect(percentilesOf([], [0.5])).toEqual([undefined])
})

test('histograms of numbers in a row tell the same, however many they are', () => {
  const count = fc.record({ bucket: fc.nat(LAST_BUCKET), requests: fc.integer({ min: 1, max: 1_000 }) })
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(fc.array(fc.array(count)), share, (given, wanted) => {
      const histograms = given.map((counts) => counts.flatMap(({ bucket, requests }) => [bucket, requests]))
      const together = given.flat()
      expect(percentileOf(histograms, wanted)).toEqual(percentilesOf(together, [wanted])[0] ?? null)
      expect(requestsIn(histograms.flat())).toBe(together.reduce((sum, { requests }) => sum + requests, 0))
    }),
  )
})
