import { expect, test } from 'vitest'
import { scanTopLevel } from '../core/json.ts'
import { claudeCodeSession } from '../testing/claude-code-body.ts'
import { createManualClock } from '../testing/clock.ts'
import { createLearnedOutputs } from './learned-outputs.ts'
import { type Turn, createLearnedTurns } from './learned-turns.ts'
import { NO_PROBES, findsProbes, takeProbes } from './probes.ts'

const HOUR = 3_600_000

const turn = (more: Partial<Turn> = {}): Turn => ({
  weight: 1_000,
  probes: NO_PROBES,
  inputTokens: 300,
  at: 0,
  ...more,
})
const yes = () => true

test('a turn is remembered for those that continue it', () => {
  const turns = createLearnedTurns(createManualClock())
  turns.learn('c', turn(), undefined)
  expect(turns.recall('c', 1_200, yes)?.inputTokens).toBe(300)
  expect(turns.recall('c', 999, yes)).toBeUndefined()
  expect(turns.recall('c', 1_200, () => false)).toBeUndefined()
  expect(turns.recall('other', 1_200, yes)).toBeUndefined()
})

test('a small request on the side does not take the place of the conversation', () => {
  const turns = createLearnedTurns(createManualClock())
  turns.learn('c', turn({ weight: 300_000, inputTokens: 80_000 }), undefined)
  for (let at = 0; at < 2; at += 1) turns.learn('c', turn({ weight: 900, inputTokens: 200 }), undefined)
  expect(turns.recall('c', 301_000, yes)?.inputTokens).toBe(80_000)
  expect(turns.recall('c', 1_000, yes)?.inputTokens).toBe(200)
})

test('a turn that was continued makes room for its successor', () => {
  const turns = createLearnedTurns(createManualClock())
  turns.learn('c', turn({ weight: 900 }), undefined)
  let last: Turn | undefined
  for (let at = 1; at <= 10; at += 1) {
    const next = turn({ weight: at * 1_000 })
    turns.learn('c', next, last)
    last = next
  }
  expect(turns.recall('c', 950, yes)?.weight).toBe(900)
})

test('what an hour has passed over is forgotten, and so are the oldest of too many', () => {
  const clock = createManualClock()
  const turns = createLearnedTurns(clock, 2)
  for (const name of ['a', 'b', 'c']) turns.learn(name, turn({ weight: 1, at: clock.monotonic() }), undefined)
  expect(turns.recall('a', 1, yes)).toBeUndefined()
  expect(turns.recall('c', 1, yes)).toBeDefined()
  clock.advance(HOUR + 1)
  expect(turns.recall('c', 1, yes)).toBeUndefined()
})

test('the next turn of a session is known again', () => {
  const bodies = claudeCodeSession({ turns: 12, bytes: 200_000 }).map((bytes) => ({
    bytes,
    members: scanTopLevel(bytes),
  }))
  for (const [at, body] of bodies.entries()) {
    const next = bodies[at + 1]
    if (next !== undefined) expect(findsProbes(next, takeProbes(body, Math.random)), `turn ${at}`).toBe(true)
  }
})

test('another text of the same length is not', () => {
  const body = (letter: string) => {
    const bytes = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: letter.repeat(50_000) }] }))
    return { bytes, members: scanTopLevel(bytes) }
  }
  expect(findsProbes(body(' '), takeProbes(body(' '), Math.random))).toBe(true)
  expect(findsProbes(body('x'), takeProbes(body(' '), Math.random))).toBe(false)
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
