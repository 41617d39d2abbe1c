import { invalid } from '../error.ts'

/** When a key or a provider ends, in milliseconds since the epoch; undefined for one that never does. A moment that has passed is a slip. */
export function readExpiry(moment: string | null | undefined, now: number): number | undefined {
  if (moment === null || moment === undefined) return undefined
  const expiresAt = Date.parse(moment)
  if (expiresAt <= now) throw invalid('expires_at: has passed already; to end it now, delete it')
  return expiresAt
}
