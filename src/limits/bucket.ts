import type { Bucket } from './limit.ts'

/* How buckets are named: by the id of their limit, and behind a bar by the values that a policy groups by. */

/** `group` is a JSON array of those values; a limit that groups by nothing has one bucket, by its own name. */
export function bucketOf(limitId: string, group: string | undefined): Bucket {
  return group === undefined ? limitId : `${limitId}|${group}`
}

/** What stands behind the bar; ids have none. */
export function groupIn(bucket: Bucket): string | undefined {
  const bar = bucket.indexOf('|')
  return bar === -1 ? undefined : bucket.slice(bar + 1)
}

/** The id of the limit whose bucket it is. */
export function limitOf(bucket: Bucket): string {
  const bar = bucket.indexOf('|')
  return bar === -1 ? bucket : bucket.slice(0, bar)
}

/** The group of all values that came when a limit had as many buckets as it may have. Not a JSON array, so no values can have its name. */
export const ALL_OTHERS = '*'
