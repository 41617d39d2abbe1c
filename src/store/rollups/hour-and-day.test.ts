import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCalendar, sharesHours } from './hour-and-day.ts'

const HOUR = 3_600_000
const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/Santiago']

test('an hour begins where the clocks of the zone show a full one, and a day at its midnight', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ZONES.filter((zone) => zone !== 'Australia/Lord_Howe')),
      fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2030, 0) }),
      (zone, moment) => {
        const { hour, day } = createCalendar(zone)(moment)
        const shown = (at: number, parts: Intl.DateTimeFormatOptions) =>
          new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...parts }).format(at)
        expect(moment - hour).toBeGreaterThanOrEqual(0)
        expect(moment - hour).toBeLessThan(HOUR)
        expect(shown(hour, { minute: 'numeric' })).toBe('0')
        expect(shown(day, { dateStyle: 'short' })).toBe(shown(moment, { dateStyle: 'short' }))
        expect(shown(day - 1, { dateStyle: 'short' })).not.toBe(shown(moment, { dateStyle: 'short' }))
      },
    ),
  )
})

test('the hour that comes twice in autumn is two hours, and its day has 25', () => {
  const calendar = createCalendar('Europe/Berlin')
  const twoAtFirst = Date.UTC(2026, 9, 25, 0, 30)
  expect(calendar(twoAtFirst).hour).not.toBe(calendar(twoAtFirst + HOUR).hour)
  expect(calendar(twoAtFirst + 30 * HOUR).day - calendar(twoAtFirst).day).toBe(25 * HOUR)
})

test('a moment has one hour, also where clocks are set by half of one', () => {
  const calendar = createCalendar('Australia/Lord_Howe')
  const spring = Date.UTC(2026, 9, 3, 15, 30)
  for (let moment = spring - 3 * HOUR; moment < spring + 3 * HOUR; moment += 5 * 60_000) {
    const { hour, day } = calendar(moment)
    expect(hour).toBeLessThanOrEqual(moment)
    expect(moment - hour).toBeLessThan(HOUR)
    expect(day).toBeLessThanOrEqual(hour)
  }
})

test('zones share their hours where their clocks differ by full hours all the time', () => {
  const year = [Date.UTC(2026, 0), Date.UTC(2027, 0)] as const
  expect(sharesHours('UTC', 'Europe/Berlin', ...year)).toBe(true)
  expect(sharesHours('Europe/Berlin', 'America/New_York', ...year)).toBe(true)
  expect(sharesHours('UTC', 'Asia/Kolkata', ...year)).toBe(false)
  expect(sharesHours('UTC', 'Australia/Lord_Howe', ...year)).toBe(false)
})
