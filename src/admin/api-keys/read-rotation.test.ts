import { expect, it } from 'vitest'
import { nextRotation } from './read-rotation.ts'

const at = (day: string) => Date.parse(`${day}T08:00:00Z`)

it.each([
  [{ period: 'weekly', periodDays: undefined }, '2026-11-23', '2026-11-30'],
  [{ period: 'monthly', periodDays: undefined }, '2026-11-23', '2026-12-23'],
  [{ period: 'monthly', periodDays: undefined }, '2026-12-31', '2027-01-31'],
  [{ period: 'monthly', periodDays: undefined }, '2027-01-31', '2027-02-28'],
  [{ period: undefined, periodDays: 90 }, '2026-11-23', '2027-02-21'],
] as const)('%o after %s comes %s', (policy, from, due) => {
  expect(new Date(nextRotation(policy, at(from))).toISOString()).toBe(new Date(at(due)).toISOString())
})
