import { expect, it } from 'vitest'
import { createManualClock } from '../../testing/clock.ts'
import { createThrottle } from './throttle.ts'

/** Names with the rule of the tests. */
function as(...names: string[]) {
  return names.map((name) => ({ name, freeTries: 5, waitMsMax: 15 * 60_000 }))
}

function tried(times: number) {
  const clock = createManualClock()
  const throttle = createThrottle({ clock })
  for (let count = 0; count < times; count++) expect(throttle.attempt(as('ada', '10.0.0.1'))).toBe(0)
  return { clock, throttle }
}

it('five slips cost nothing, then the wait doubles up to a quarter of an hour', () => {
  const { clock, throttle } = tried(5)
  const waits: number[] = []
  for (let count = 0; count < 13; count++) {
    const waitMs = throttle.attempt(as('ada'))
    waits.push(waitMs / 1000)
    clock.advance(waitMs)
    expect(throttle.attempt(as('ada'))).toBe(0)
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900])
})

it('one name that has to wait is enough, and knocking meanwhile does not make it longer', () => {
  const { clock, throttle } = tried(5)
  expect(throttle.attempt(as('grace', '10.0.0.1'))).toBe(1_000)
  clock.advance(400)
  expect(throttle.attempt(as('grace', '10.0.0.1'))).toBe(600)
  expect(throttle.attempt(as('grace', '10.0.0.2'))).toBe(0)
})

it('who gets in begins anew', () => {
  const { throttle } = tried(5)
  throttle.succeed(as('ada', '10.0.0.1'))
  expect(throttle.attempt(as('ada', '10.0.0.1'))).toBe(0)
})

it('an hour of quiet is forgiven', () => {
  const { clock, throttle } = tried(5)
  clock.advance(3_600_001)
  for (let count = 0; count < 5; count++) expect(throttle.attempt(as('ada'))).toBe(0)
})

it('a flood of names takes a bounded amount of memory, and those who are quiet longest make room', () => {
  const { throttle } = tried(5)
  for (let name = 0; name < 10_000; name++) throttle.attempt(as(`name ${name}`))
  expect(throttle.attempt(as('ada'))).toBe(0)
})
