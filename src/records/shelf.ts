import { CONTENT_DAYS, type ContentDays } from '../core/record-rules.ts'

/*
 * Content of one class of retention and one day (UTC) lies on one shelf, `30d-20261123`, so that it is forgotten by
 * throwing the shelf away. Content under a legal hold is moved to a shelf of its own, `held-20261123`.
 */

const DAY_MS = 86_400_000

/** The shelf for what is written at `now`, in milliseconds since the epoch. */
export function shelfOf(days: ContentDays, now: number): string {
  return `${days}d-${new Date(now).toISOString().slice(0, 10).replaceAll('-', '')}`
}

/** When a shelf may be thrown away: its days after the end of its own. Undefined for what is no such shelf. */
export function shelfExpiresAt(shelf: string): number | undefined {
  const match = /^(\d+)d-(\d{4})(\d{2})(\d{2})$/.exec(shelf)
  if (match === null) return undefined
  const [, days, year, month, day] = match.map(Number)
  if (!CONTENT_DAYS.some((known) => known === days)) return undefined
  return Date.UTC(year!, month! - 1, day! + 1) + days! * DAY_MS
}

/** Where content of that shelf lies from the end of its time on, while it is under a legal hold. */
export function heldShelfOf(shelf: string): string {
  return `held-${shelf.slice(-DAY_LENGTH)}`
}

/** The day (UTC) of a shelf, held ones included, in milliseconds since the epoch; undefined for what is no shelf. */
export function shelfDay(shelf: string): number | undefined {
  const [, year, month, day] = /^(?:\d+d|held)-(\d{4})(\d{2})(\d{2})$/.exec(shelf)?.map(Number) ?? []
  return year === undefined ? undefined : Date.UTC(year, month! - 1, day)
}

const DAY_LENGTH = 8
