import { describe, expect, test } from 'vitest'
import { createManualClock } from '../testing/clock.ts'
import { createBreakers, type Breakers, type BreakerTarget } from './breaker.ts'
import type { BreakerRule } from './routing-config.ts'

const TARGET: BreakerTarget = { providerId: 'prov_1', slug: 'anthropic', model: 'claude-opus-4-8', rule: undefined }

const RULE: BreakerRule = {
  failureThreshold: 3,
  failureThresholdPercentage: undefined,
  minimumRequests: 5,
  cooldownMs: 45_000,
  failureStatusCodes: undefined,
}

describe('without a rule', () => {
  test('five failures in a row within a minute open the circuit', () => {
    const { breakers } = setUp()
    fail(breakers, TARGET, 4)
    expect(breakers.mayTry(TARGET)).toBe(true)
    fail(breakers, TARGET, 1)
    expect(breakers.mayTry(TARGET)).toBe(false)
  })

  test('one call that was served begins the row anew', () => {
    const { breakers } = setUp()
    fail(breakers, TARGET, 4)
    breakers.note(TARGET, 'served', 200)
    fail(breakers, TARGET, 4)
    expect(breakers.mayTry(TARGET)).toBe(true)
  })

  test('failures that are spread over more than a minute do not open it', () => {
    const { breakers, clock } = setUp()
    for (let call = 0; call < 10; call += 1) {
      fail(breakers, TARGET, 1)
      clock.advance(15_001)
    }
    expect(breakers.mayTry(TARGET)).toBe(true)
  })

  test.each([400, 401, 404, 413, 429])('a %i is an answer of a provider that works', (status) => {
    const { breakers } = setUp()
    for (let call = 0; call < 10; call += 1) breakers.note(TARGET, 'failed', status)
    expect(breakers.mayTry(TARGET)).toBe(true)
  })
})

describe('an open circuit', () => {
  test('keeps calls away until the cooldown is over, then lets one at a time try', () => {
    const { breakers, clock } = opened()
    clock.advance(29_999)
    expect(breakers.mayTry(TARGET)).toBe(false)
    clock.advance(1)
    expect(breakers.isOpen(TARGET)).toBe(false)
    expect(breakers.mayTry(TARGET)).toBe(true)
    expect(breakers.isOpen(TARGET)).toBe(true)
    expect(breakers.mayTry(TARGET)).toBe(false)
  })

  test('closes when the trial call is served', () => {
    const { breakers, clock } = opened()
    clock.advance(30_000)
    breakers.mayTry(TARGET)
    breakers.note(TARGET, 'served', 200)
    expect([breakers.mayTry(TARGET), breakers.mayTry(TARGET)]).toEqual([true, true])
    fail(breakers, TARGET, 4)
    expect(breakers.mayTry(TARGET)).toBe(true)
  })

  test('cools down once more when the trial call fails', () => {
    const { breakers, clock } = opened()
    clock.advance(30_000)
    breakers.mayTry(TARGET)
    breakers.note(TARGET, 'failed', undefined)
    clock.advance(29_999)
    expect(breakers.mayTry(TARGET)).toBe(false)
    clock.advance(1)
    expect(breakers.mayTry(TARGET)).toBe(true)
  })

  test('gives the trial to the next when a client left before it told anything', () => {
    const { breakers, clock } = opened()
    clock.advance(30_000)
    breakers.mayTry(TARGET)
    breakers.note(TARGET, 'undecided', undefined)
    expect(breakers.mayTry(TARGET)).toBe(true)
  })

  test('does not wait for ever for a trial that was never told of', () => {
    const { breakers, clock } = opened()
    clock.advance(30_000)
    breakers.mayTry(TARGET)
    clock.advance(60_000)
    expect(breakers.mayTry(TARGET)).toBe(true)
  })

  test('is not moved by calls that began before it opened', () => {
    const { breakers, clock } = opened()
    breakers.note(TARGET, 'served', 200)
    expect(breakers.mayTry(TARGET)).toBe(false)
    clock.advance(20_000)
    breakers.note(TARGET, 'failed', 500)
    clock.advance(10_000)
    expect(breakers.mayTry(TARGET)).toBe(true)
  })

  test('is only that of its provider, model and rule', () => {
    const { breakers } = opened()
    expect(breakers.mayTry({ ...TARGET, providerId: 'prov_2' })).toBe(true)
    expect(breakers.mayTry({ ...TARGET, model: 'claude-haiku-4-5' })).toBe(true)
    expect(breakers.mayTry({ ...TARGET, rule: RULE })).toBe(true)
  })
})

describe('with a rule', () => {
  test('the threshold counts failures of the last minute, in a row or not, and the cooldown is its own', () => {
    const { breakers, clock } = setUp()
    const target = { ...TARGET, rule: RULE }
    for (const outcome of ['failed', 'served', 'failed', 'served'] as const) breakers.note(target, outcome, 503)
    expect(breakers.mayTry(target)).toBe(true)
    fail(breakers, target, 1)
    clock.advance(44_999)
    expect(breakers.mayTry(target)).toBe(false)
    clock.advance(1)
    expect(breakers.mayTry(target)).toBe(true)
  })

  test('failures older than a minute are forgotten', () => {
    const { breakers, clock } = setUp()
    const target = { ...TARGET, rule: RULE }
    fail(breakers, target, 2)
    clock.advance(60_000)
    fail(breakers, target, 2)
    expect(breakers.mayTry(target)).toBe(true)
  })

  test('a percentage counts from the smallest number of requests on', () => {
    const { breakers } = setUp()
    const rule = { ...RULE, failureThreshold: undefined, failureThresholdPercentage: 50, minimumRequests: 4 }
    const target = { ...TARGET, rule }
    breakers.note(target, 'served', 200)
    fail(breakers, target, 2)
    expect(breakers.mayTry(target)).toBe(true)
    fail(breakers, target, 1)
    expect(breakers.mayTry(target)).toBe(false)
  })

  test('its status codes say what a failure is; what never came to a status always is one', () => {
    const { breakers } = setUp()
    const target = { ...TARGET, rule: { ...RULE, failureStatusCodes: new Set([429]) } }
    for (let call = 0; call < 5; call += 1) breakers.note(target, 'failed', 500)
    expect(breakers.mayTry(target)).toBe(true)
    breakers.note(target, 'failed', 429)
    breakers.note(target, 'failed', 429)
    breakers.note(target, 'failed', undefined)
    expect(breakers.mayTry(target)).toBe(false)
  })
})

test('the list tells the state, the counts and the times', () => {
  const { breakers, clock } = setUp()
  const start = clock.now()
  breakers.note({ ...TARGET, slug: 'bedrock', providerId: 'prov_2' }, 'served', 200)
  clock.advance(1_000)
  fail(breakers, TARGET, 5)
  clock.advance(2_000)
  const counted = { failures: 5, requests: 5, openedAt: start + 1_000, retryAt: start + 31_000 }
  const circuit = { providerId: 'prov_1', provider: 'anthropic', model: 'claude-opus-4-8' }
  expect(breakers.list()).toEqual([
    {
      ...{ providerId: 'prov_2', provider: 'bedrock', model: 'claude-opus-4-8', state: 'closed' },
      ...{ failures: 0, requests: 1, openedAt: undefined, retryAt: undefined },
    },
    { ...circuit, state: 'open', ...counted },
  ])
  clock.advance(28_000)
  expect(breakers.list()[1]).toEqual({ ...circuit, state: 'half-open', ...counted })
  clock.advance(25 * 3_600_000)
  expect(breakers.list()).toEqual([])
})

test('beyond the bound, the circuit that was quiet for longest is forgotten', () => {
  const breakers = createBreakers({ clock: createManualClock(), circuitsMax: 2 })
  for (const model of ['a', 'b', 'c']) breakers.note({ ...TARGET, model }, 'served', 200)
  expect(breakers.list().map(({ model }) => model)).toEqual(['b', 'c'])
})

function setUp() {
  const clock = createManualClock()
  return { clock, breakers: createBreakers({ clock }) }
}

function opened() {
  const made = setUp()
  fail(made.breakers, TARGET, 5)
  return made
}

function fail(breakers: Breakers, target: BreakerTarget, times: number): void {
  for (let call = 0; call < times; call += 1) breakers.note(target, 'failed', 503)
}
