/*
 * Buckets of durations whose bounds grow by a fifth each: whoever takes the middle of a bucket for what lies in it is wrong by
 * less than a tenth, from ten microseconds to a day, and any number of histograms can be added up.
 */

const GROWTH = 1.2
/** Where the second bucket begins. */
export const FIRST_MS = 0.01
const DAY_MS = 86_400_000
/** Natural logarithm of the growth. */
export const LOG_GROWTH = Math.log(GROWTH)

/** The bucket of everything from a day on. */
export const LAST_BUCKET = Math.ceil(Math.log(DAY_MS / FIRST_MS) / LOG_GROWTH)

/** The number of the bucket that a duration in milliseconds belongs to; 0 holds everything up to ten microseconds. */
export function bucketOf(ms: number): number {
  if (!(ms > FIRST_MS)) return 0
  return Math.min(LAST_BUCKET, Math.ceil(Math.log(ms / FIRST_MS) / LOG_GROWTH))
}

/** What stands for a bucket, in milliseconds: between its bounds, equally far from both in proportion. */
export function middleOf(bucket: number): number {
  return FIRST_MS * GROWTH ** (bucket - 0.5)
}

/** How many durations lie in a bucket. */
export interface BucketCount {
  readonly bucket: number
  readonly requests: number
}

/** A histogram in a form of which a chart may have thousands: bucket, requests, bucket, requests, … in any order, a bucket also twice. */
export type Histogram = readonly number[]

/** What a share of all requests in some histograms does not exceed, as `percentilesOf` tells it; null where there are none. */
export function percentileOf(histograms: readonly Histogram[], share: number): number | null {
  const counts = new Float64Array(LAST_BUCKET + 1)
  let total = 0
  for (const histogram of histograms) {
    for (let at = 0; at < histogram.length; at += 2) {
      counts[histogram[at]!]! += histogram[at + 1]!
      total += histogram[at + 1]!
    }
  }
  if (total === 0) return null
  let left = Math.max(1, Math.ceil(total * share))
  return middleOf(counts.findIndex((requests) => (left -= requests) <= 0))
}

export function requestsIn(histogram: Histogram): number {
  return histogram.reduce((sum, value, at) => (at % 2 === 0 ? sum : sum + value), 0)
}

/**
 * Percentiles of a histogram, in milliseconds: for each share (0.5 is the median) the duration that this share of all does
 * not exceed. Undefined where there is nothing to ask.
 */
export function percentilesOf(counts: readonly BucketCount[], shares: readonly number[]): (number | undefined)[] {
  const ordered = counts.toSorted((one, other) => one.bucket - other.bucket)
  const total = ordered.reduce((sum, { requests }) => sum + requests, 0)
  return shares.map((share) => {
    const wanted = Math.max(1, Math.ceil(total * share))
    let seen = 0
    const found = ordered.find(({ requests }) => (seen += requests) >= wanted)
    return found === undefined ? undefined : middleOf(found.bucket)
  })
}
