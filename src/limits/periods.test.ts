import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Reset } from './limit.ts'
import { createPeriods, type Period } from './periods.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kiritimati',
  'Africa/Cairo',
  'America/Santiago',
]

function periodOf(zone: string, reset: Reset, at: string, since = 0): { start: string; end: string } {
  const { start, end } = createPeriods(() => zone).of({ reset }, since, Date.parse(at))
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString() }
}

describe('begin and end', () => {
  test.each<[string, string, Reset, string, string, string]>([
    [
      'a day of Berlin’s winter',
      'Europe/Berlin',
      { every: 'day' },
      '2026-11-23T22:59:59.999Z',
      '2026-11-22T23',
      '2026-11-23T23',
    ],
    [
      'the day on which Berlin’s clocks go forward',
      'Europe/Berlin',
      { every: 'day' },
      '2026-03-29T12:00Z',
      '2026-03-28T23',
      '2026-03-29T22',
    ],
    [
      'the day on which they go back',
      'Europe/Berlin',
      { every: 'day' },
      '2026-10-25T12:00Z',
      '2026-10-24T22',
      '2026-10-25T23',
    ],
    [
      'a day whose midnight Cairo’s clocks skip',
      'Africa/Cairo',
      { every: 'day' },
      '2026-04-24T12:00Z',
      '2026-04-23T22',
      '2026-04-24T21',
    ],
    ['the week of a Sunday', 'UTC', { every: 'week' }, '2026-11-29T23:59Z', '2026-11-23T00', '2026-11-30T00'],
    ['the week of a Monday', 'UTC', { every: 'week' }, '2026-11-23T00:00Z', '2026-11-23T00', '2026-11-30T00'],
    ['a week before 1970', 'UTC', { every: 'week' }, '1969-12-31T00:00Z', '1969-12-29T00', '1970-01-05T00'],
    [
      'a month of New York over a change of its clocks',
      'America/New_York',
      { every: 'month' },
      '2026-11-30T12:00Z',
      '2026-11-01T04',
      '2026-12-01T05',
    ],
    ['December', 'UTC', { every: 'month' }, '2026-12-31T23:59Z', '2026-12-01T00', '2027-01-01T00'],
    ['February of a leap year', 'UTC', { every: 'month' }, '2028-02-29T12:00Z', '2028-02-01T00', '2028-03-01T00'],
  ])('%s', (_, zone, reset, at, start, end) => {
    expect(periodOf(zone, reset, at, Date.UTC(1960, 0))).toEqual({
      start: `${start}:00:00.000Z`,
      end: `${end}:00:00.000Z`,
    })
  })

  test('days in their number are counted from the day on which counting began', () => {
    const since = Date.parse('2026-11-01T15:30Z')
    const tenDays: Reset = { every: 'days', days: 10 }
    expect(periodOf('UTC', tenDays, '2026-11-01T16:00Z', since)).toEqual({
      start: '2026-11-01T15:30:00.000Z',
      end: '2026-11-11T00:00:00.000Z',
    })
    expect(periodOf('UTC', tenDays, '2026-11-23T16:00Z', since)).toEqual({
      start: '2026-11-21T00:00:00.000Z',
      end: '2026-12-01T00:00:00.000Z',
    })
  })

  test('what never begins anew begins with its counting and does not end', () => {
    expect(createPeriods(() => 'UTC').of({ reset: { every: 'never' } }, 77, 1_000)).toEqual({
      start: 77,
      end: Infinity,
    })
  })

  test('a moment before counting began is taken for its beginning', () => {
    const since = Date.parse('2026-11-23T12:00Z')
    const day = { start: '2026-11-23T12:00:00.000Z', end: '2026-11-24T00:00:00.000Z' }
    expect(periodOf('UTC', { every: 'day' }, '2026-11-20T00:00Z', since)).toEqual(day)
  })
})

test('a zone that nobody knows is refused', () => {
  expect(() => createPeriods(() => 'Mars/Olympus').day(0)).toThrow(RangeError)
})

test('another time zone counts from the next question on', () => {
  let zone = 'UTC'
  const periods = createPeriods(() => zone)
  const at = Date.parse('2026-11-23T23:30Z')
  expect(periods.day(at).start).toBe(Date.parse('2026-11-23T00:00Z'))
  zone = 'Europe/Berlin'
  expect(periods.day(at).start).toBe(Date.parse('2026-11-23T23:00Z'))
})

const anyReset = fc.oneof(
  fc.constantFrom<Reset[]>({ every: 'day' }, { every: 'week' }, { every: 'month' }),
  fc.integer({ min: 1, max: 365 }).map((days): Reset => ({ every: 'days', days })),
)
const anyMoment = fc.integer({ min: Date.UTC(1995, 0), max: Date.UTC(2045, 0) })

test('periods follow each other without a gap, in every zone, and one object answers as many', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), anyReset, anyMoment, anyMoment, (zone, reset, one, other) => {
      const since = Date.UTC(1994, 0)
      const kept = createPeriods(() => zone)
      for (const moment of [one, other, one]) {
        const fresh = createPeriods(() => zone)
        const period = kept.of({ reset }, since, moment)
        expect(period).toEqual(fresh.of({ reset }, since, moment))
        expect(period.start <= moment && moment < period.end).toBe(true)
        expect(fresh.of({ reset }, since, period.end).start).toBe(period.end)
        if (period.start > since) expect(fresh.of({ reset }, since, period.start - 1).end).toBe(period.start)
        expectDays(reset, period, zone)
      }
    }),
    { numRuns: 150 },
  )
})

/** Midnight on the zone’s own clock, or the first moment after a midnight that is skipped. */
function expectDays(reset: Reset, { start, end }: Period, zone: string): void {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', day: 'numeric', hour: 'numeric' })
  const parts = Object.fromEntries(clock.formatToParts(start).map(({ type, value }) => [type, value]))
  expect(['00', '01']).toContain(parts['hour'])
  if (reset.every === 'week') expect(parts['weekday']).toBe('Mon')
  if (reset.every === 'month') expect(parts['day']).toBe('1')
  if (reset.every === 'day') expect(end - start).toBeLessThanOrEqual(25 * HOUR_MS)
  // A zone that moves over the date line loses or gains a whole day.
  if (reset.every === 'days') expect(Math.abs(end - start - reset.days * DAY_MS)).toBeLessThanOrEqual(DAY_MS + HOUR_MS)
}
