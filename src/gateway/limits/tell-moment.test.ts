import { expect, it } from 'vitest'
import { tellMoment } from './tell-moment.ts'

const NOW = Date.UTC(2026, 10, 23, 13, 0, 30)
const HOUR = 3_600_000

it.for([
  ['later today', HOUR, undefined, 'at 14:01 UTC'],
  ['at a whole minute, which is told as it is', 30_000, undefined, 'at 13:01 UTC'],
  ['tomorrow', 20 * HOUR, undefined, 'tomorrow at 09:01 UTC'],
  ['on a later day', 8 * 24 * HOUR, undefined, 'on 1 December at 13:01 UTC'],
  ['in another zone, where it is another day', 10 * HOUR, 'Asia/Tokyo', 'tomorrow at 08:01 GMT+9'],
  ['in another zone, where it is the same day', 2 * HOUR, 'Europe/Berlin', 'at 16:01 CET'],
] as const)('a moment %s', ([, inMs, zone, told]) => {
  expect(tellMoment(NOW + inMs, NOW, zone)).toBe(told)
})

it('is never told too early', () => {
  expect(tellMoment(NOW + 1, NOW)).toBe('at 13:01 UTC')
})
