import { createPeriods } from '../../limits/periods.ts'

/** Where the hour and the day of a moment begin, in milliseconds since the epoch. */
export interface HourAndDay {
  readonly hour: number
  readonly day: number
}

/** Tells the hour and the day of a moment, as the clocks of one zone show them. */
export type Calendar = (moment: number) => HourAndDay

/** Clocks are set, and hours and days begin, at full quarters of an hour of the world's time. */
const QUARTER_MS = 15 * 60_000
const HOUR_MS = 60 * 60_000
const DAY_MS = 24 * HOUR_MS

/** Ninety days and some. */
const QUARTERS_KEPT = 10_000

/**
 * The calendar of a zone, an IANA name; an unknown one is a `RangeError`. An hour begins where its clocks show full hours, so
 * in India at half past of ours. What was worked out is kept by quarters of an hour, in which nothing changes.
 */
export function createCalendar(zone: string): Calendar {
  const periods = createPeriods(() => zone)
  const offset = createOffset(zone)
  const kept = new Map<number, HourAndDay>()
  return (moment) => {
    const quarter = Math.floor(moment / QUARTER_MS)
    const known = kept.get(quarter)
    if (known !== undefined) return known
    const local = quarter * QUARTER_MS + offset(quarter * QUARTER_MS)
    const hour = quarter * QUARTER_MS - (((local % HOUR_MS) + HOUR_MS) % HOUR_MS)
    const found = { hour, day: periods.day(moment).start }
    if (kept.size === QUARTERS_KEPT) kept.clear()
    kept.set(quarter, found)
    return found
  }
}

/** Where the day of a moment begins in a zone that may become another one. */
export function createDayFinder(zoneNow: () => string): (moment: number) => number {
  let zone = zoneNow()
  let calendar = createCalendar(zone)
  return (moment) => {
    const now = zoneNow()
    if (now !== zone) [zone, calendar] = [now, createCalendar(now)]
    return calendar(moment).day
  }
}

/**
 * Whether full hours of one zone are full hours of the other at every moment from `from` to `until`: then the days of one
 * can be added up from the hours of the other.
 */
export function sharesHours(one: string, other: string, from: number, until: number): boolean {
  const [ofOne, ofOther] = [createOffset(one), createOffset(other)]
  // Clocks are not set twice within a day.
  for (let moment = from; moment < until + DAY_MS; moment += DAY_MS) {
    if ((ofOne(moment) - ofOther(moment)) % HOUR_MS !== 0) return false
  }
  return true
}

/** How far the clocks of a zone are ahead of the world's, in milliseconds. */
function createOffset(zone: string): (moment: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  })
  return (moment) => {
    const [month, day, year, hour, minute] = format.format(moment).split(/\D+/).map(Number)
    return Date.UTC(year!, month! - 1, day, hour, minute) - Math.floor(moment / 60_000) * 60_000
  }
}
