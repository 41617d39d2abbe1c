import { expect, test } from 'vitest'
import { createManualClock } from './clock.ts'

test('the clock stands still until its hand is turned', () => {
  const clock = createManualClock(1_000)
  expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0])
  clock.advance(250)
  expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250])
})

test('timers ring in the order of their moments, each at its own', () => {
  const clock = createManualClock(0)
  const rung: [string, number][] = []
  clock.after(30, () => rung.push(['late', clock.now()]))
  clock.after(10, () => rung.push(['early', clock.now()]))
  clock.after(10, () => rung.push(['early too', clock.now()]))
  clock.advance(29)
  expect(rung).toEqual([
    ['early', 10],
    ['early too', 10],
  ])
  clock.advance(1)
  expect(rung.at(-1)).toEqual(['late', 30])
})

test('a timer that sets another one on the way is heard too', () => {
  const clock = createManualClock(0)
  let rung = 0
  const again = () => {
    rung++
    clock.after(10, again)
  }
  clock.after(10, again)
  clock.advance(100)
  expect(rung).toBe(10)
  expect(clock.waiting).toBe(1)
})

test('a cancelled timer never rings, however often it is cancelled', () => {
  const clock = createManualClock(0)
  let rung = false
  const timer = clock.after(10, () => {
    rung = true
  })
  timer.cancel()
  timer.cancel()
  clock.advance(100)
  expect([rung, clock.waiting]).toEqual([false, 0])
})
