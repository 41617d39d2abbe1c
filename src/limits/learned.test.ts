import { expect, test } from 'vitest'
import { createManualClock } from '../testing/clock.ts'
import { createLearnedOutputs } from './learned-outputs.ts'
import { createLearnedTurns } from './learned-turns.ts'

const HOUR = 3_600_000

test('a turn is remembered for those that may continue it', () => {
  const clock = createManualClock()
  const turns = createLearnedTurns(clock)
  turns.learn('c', { weight: 1_000, opening: 'Hello', inputTokens: 300, at: clock.monotonic() })
  expect(turns.recall('c', { weight: 1_200, opening: 'Hello' })?.inputTokens).toBe(300)
  expect(turns.recall('c', { weight: 999, opening: 'Hello' })).toBeUndefined()
  expect(turns.recall('c', { weight: 1_200, opening: 'Good bye' })).toBeUndefined()
  expect(turns.recall('other', { weight: 1_200, opening: 'Hello' })).toBeUndefined()
})

test('a small request on the side does not take the place of the conversation', () => {
  const clock = createManualClock()
  const turns = createLearnedTurns(clock)
  turns.learn('c', { weight: 300_000, opening: 'a', inputTokens: 80_000, at: 0 })
  turns.learn('c', { weight: 900, opening: 'a', inputTokens: 200, at: 0 })
  expect(turns.recall('c', { weight: 301_000, opening: 'a' })?.inputTokens).toBe(80_000)
  expect(turns.recall('c', { weight: 1_000, opening: 'a' })?.inputTokens).toBe(200)
})

test('what an hour has passed over is forgotten, and so are the oldest of too many', () => {
  const clock = createManualClock()
  const turns = createLearnedTurns(clock, 2)
  for (const name of ['a', 'b', 'c'])
    turns.learn(name, { weight: 1, opening: '', inputTokens: 1, at: clock.monotonic() })
  expect(turns.recall('a', { weight: 1, opening: '' })).toBeUndefined()
  expect(turns.recall('c', { weight: 1, opening: '' })).toBeDefined()
  clock.advance(HOUR + 1)
  expect(turns.recall('c', { weight: 1, opening: '' })).toBeUndefined()
})

test('says how long 99 of 100 answers are, once it has seen enough', () => {
  const clock = createManualClock()
  const outputs = createLearnedOutputs(clock)
  for (let at = 0; at < 49; at += 1) outputs.learn('main', 200)
  expect(outputs.likelyMost('main')).toBeUndefined()
  for (let at = 0; at < 150; at += 1) outputs.learn('main', 200)
  outputs.learn('main', 100_000)
  const most = outputs.likelyMost('main')!
  expect(most).toBeGreaterThanOrEqual(200)
  expect(most).toBeLessThan(300)
  for (let at = 0; at < 10; at += 1) outputs.learn('main', 100_000)
  expect(outputs.likelyMost('main')).toBeGreaterThanOrEqual(100_000)
  clock.advance(HOUR + 1)
  expect(outputs.likelyMost('main')).toBeUndefined()
})
