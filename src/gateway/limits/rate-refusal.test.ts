import { describe, expect, it } from 'vitest'
import type { LimitLevel, RateLimit } from '../../limits/limit.ts'
import type { Jam } from '../../limits/rates.ts'
import { rateRefusal } from './rate-refusal.ts'

const MINUTE = 60_000
const NOW = Date.UTC(2026, 10, 23, 13)

function jam(waitMs: number, rate: Partial<RateLimit> = {}): Jam {
  const limit: RateLimit = {
    kind: 'rate',
    id: 'limit',
    level: 'key',
    of: 'you',
    workspaceId: undefined,
    unit: 'requests',
    value: 1_000,
    windowMs: MINUTE,
    ...rate,
  }
  return { kind: 'jam', lane: { rate: limit, bucket: 'limit|["opus"]' }, waitMs }
}

function refuse(why: Jam, errorFormat: 'anthropic' | 'portkey' = 'anthropic') {
  const organisation = { timeZone: undefined, contact: undefined }
  return rateRefusal(why, { caller: { errorFormat }, organisation, now: NOW })
}

describe('a rate limit tells', () => {
  it.for([
    [{ unit: 'requests', windowMs: 1_000 }, 'You may send 1,000 requests a second'],
    [{ unit: 'tokens', windowMs: 60 * MINUTE }, 'You may use 1,000 tokens an hour'],
    [{ unit: 'requests', windowMs: 7 * 24 * 60 * MINUTE, value: 1 }, 'You may send 1 request a week'],
    [{ unit: 'requests', windowMs: 90_000 }, 'You may send 1,000 requests in 90 s'],
    [{ level: 'provider', of: 'provider @prod' }, 'Provider @prod may take 1,000 requests a minute'],
    [{ level: 'policy', of: 'policy “Opus”', unit: 'tokens' }, 'Policy “Opus” may use 1,000 tokens a minute'],
  ] as const)('what it allows: %o', ([rate, beginning]) => {
    expect(refuse(jam(5_000, rate)).message).toBe(`${beginning}, and that is used up. The next request passes in 5 s.`)
  })

  it('a wait of up to a minute as seconds, rounded up, and to come back', () => {
    const { message, retryAfterSeconds, isFinal } = refuse(jam(59_001))
    expect(message).toContain('in 60 s.')
    expect({ retryAfterSeconds, isFinal }).toEqual({ retryAfterSeconds: 60, isFinal: false })
  })

  it('a longer wait as a moment, and to stop', () => {
    const { message, retryAfterSeconds, isFinal } = refuse(jam(60_001))
    expect(message).toContain('The next request passes at 13:02 UTC. Ask whoever runs the gateway if that is too late.')
    expect({ retryAfterSeconds, isFinal }).toEqual({ retryAfterSeconds: 61, isFinal: true })
  })

  it('the operator which limit and which bucket it was', () => {
    expect(refuse(jam(1)).detail).toBe('limit limit, bucket limit|["opus"]')
  })
})

it.for([
  ['key', 'rate.limited', 'stop'],
  ['policy', 'rate.limited', 'stop'],
  ['provider', 'rate.provider_limited', 'next-target'],
  ['integration', 'rate.provider_limited', 'next-target'],
] as const)('at the level of a %s the code is %s', ([level, code, recovery]) => {
  const error = refuse(jam(1, { level }))
  expect([error.code, error.spec.recovery]).toEqual([code, recovery])
})

it('every level has a name of Portkey’s, and its status stays 429', () => {
  const levels: readonly LimitLevel[] = [
    'organisation',
    'workspace',
    'user',
    'key',
    'provider',
    'integration',
    'policy',
  ]
  for (const level of levels) {
    const { status, portkey } = refuse(jam(1, { level }), 'portkey')
    expect(status).toBe(429)
    expect(portkey).toMatchObject({ code: null, type: expect.stringMatching(/_error$/) })
  }
})
