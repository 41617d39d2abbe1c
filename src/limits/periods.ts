import type { Budget, Reset } from './limit.ts'

/** A span of time, in milliseconds since the epoch: `start` belongs to it, `end` does not. */
export interface Period {
  readonly start: number
  /** Infinity for one that never ends. */
  readonly end: number
}

export interface Periods {
  /**
   * The period of a budget that a moment belongs to. Counting begins at `since` (milliseconds since the epoch), so a period is cut there, and
   * an earlier moment is taken for that one.
   */
  of(budget: Pick<Budget, 'reset'>, since: number, moment: number): Period
  /** The day of the organisation's calendar that a moment belongs to. */
  day(moment: number): Period
}

/**
 * Periods in the time zone that `zone` names at the moment, an IANA name; an unknown one is a `RangeError`. What was worked out last is
 * kept, so that asking again within the same period compares numbers.
 */
export function createPeriods(zone: () => string): Periods {
  let calendar = createCalendar(zone())
  let kept = new Map<string, Period>()
  /** Of budgets that count in days, each from its own first day. */
  let keptDays = new WeakMap<Reset, { readonly since: number; readonly period: Period }>()

  return {
    of({ reset }, since, asked) {
      followZone()
      const moment = Math.max(asked, since)
      const period = reset.every === 'days' ? daysPeriod(reset, since, moment) : calendarPeriod(reset, moment)
      return period.start >= since ? period : { start: since, end: period.end }
    },
    day(moment) {
      followZone()
      return calendarPeriod(DAILY, moment)
    },
  }

  function calendarPeriod(reset: Exclude<Reset, { every: 'days' }>, moment: number): Period {
    const last = kept.get(reset.every)
    if (last !== undefined && isWithin(last, moment)) return last
    const period = periodAt(reset, moment, moment, calendar)
    kept.set(reset.every, period)
    return period
  }

  function daysPeriod(reset: Reset, since: number, moment: number): Period {
    const last = keptDays.get(reset)
    if (last?.since === since && isWithin(last.period, moment)) return last.period
    const period = periodAt(reset, since, moment, calendar)
    keptDays.set(reset, { since, period })
    return period
  }

  function followZone(): void {
    const name = zone()
    if (name === calendar.zone) return
    calendar = createCalendar(name)
    kept = new Map()
    keptDays = new WeakMap()
  }
}

const DAILY = { every: 'day' } as const satisfies Reset

function isWithin({ start, end }: Period, moment: number): boolean {
  return moment >= start && moment < end
}

/** The whole period of the calendar that holds a moment, also where it began before `since`. */
function periodAt(reset: Reset, since: number, moment: number, { dayOf, startOf }: Calendar): Period {
  if (reset.every === 'never') return { start: -Infinity, end: Infinity }
  const day = dayOf(moment)
  const [first, next] = daysOf(reset, day, () => dayOf(since))
  return { start: startOf(first), end: startOf(next) }
}

/** First day of the period that holds a day, and first day of the next one. */
function daysOf(reset: Exclude<Reset, { every: 'never' }>, day: number, firstDay: () => number): [number, number] {
  switch (reset.every) {
    case 'day':
      return [day, day + 1]
    case 'week': {
      // Day 0, 1 January 1970, was a Thursday: three days after a Monday.
      const monday = day - remainder(day + 3, 7)
      return [monday, monday + 7]
    }
    case 'month': {
      const date = new Date(day * DAY_MS)
      const year = date.getUTCFullYear()
      const month = date.getUTCMonth()
      return [Date.UTC(year, month) / DAY_MS, Date.UTC(year, month + 1) / DAY_MS]
    }
    case 'days': {
      const first = day - remainder(day - firstDay(), reset.days)
      return [first, first + reset.days]
    }
  }
}

/** Never negative, unlike `%`. */
function remainder(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor
}

/** Days by their number: 0 is 1 January 1970, wherever the zone lies. */
interface Calendar {
  readonly zone: string
  dayOf(moment: number): number
  /** The first moment of a day: midnight, or what comes after where clocks skip midnight. */
  startOf(day: number): number
}

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** No zone is further from Greenwich than 14 hours; a change of its clocks adds some more. */
const OFFSET_MINUTES_MAX = 16 * 60

function createCalendar(zone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
  })
  return { zone, dayOf, startOf }

  function dayOf(moment: number): number {
    const [month, day, year] = format.format(moment).split('/').map(Number)
    return Date.UTC(year!, month! - 1, day) / DAY_MS
  }

  /** Clocks are set by whole minutes, and never so far back that a date comes twice: the first minute is found by halving. */
  function startOf(day: number): number {
    const noonLess = day * DAY_MS
    let before = -OFFSET_MINUTES_MAX
    let found = OFFSET_MINUTES_MAX
    while (found - before > 1) {
      const middle = Math.floor((before + found) / 2)
      if (dayOf(noonLess + middle * MINUTE_MS) >= day) found = middle
      else before = middle
    }
    return noonLess + found * MINUTE_MS
  }
}
