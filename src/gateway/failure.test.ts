import { describe, expect, test } from 'vitest'
import { GatewayError } from '../core/errors.ts'
import { type Failure, movesOn, readRetryAfter, refused, statusOfType } from './failure.ts'

const NOW = Date.UTC(2026, 10, 23, 12)

describe('how long an upstream asks to be left alone', () => {
  test.each([
    [['retry-after', '7'], 7_000],
    [['Retry-After', '0.5'], 500],
    [['retry-after', 'Mon, 23 Nov 2026 12:00:30 GMT'], 30_000],
    [['retry-after', 'Mon, 23 Nov 2026 11:00:00 GMT'], 0],
    [['retry-after-ms', '250', 'retry-after', '9'], 250],
    [['x-ms-retry-after-ms', '90'], 90],
    [['retry-after', 'soon'], undefined],
    [['retry-after', '-3'], undefined],
    [['retry-after', ''], undefined],
    [[], undefined],
  ])('%j', (headers, ms) => {
    expect(readRetryAfter(headers, NOW)).toBe(ms)
  })
})

describe('whether the next option gets its turn', () => {
  const answered = (status: number, text = ''): Failure => ({
    ...refused(new GatewayError('upstream.broken', ''), { path: 'config', upstreamStatus: status }),
    kind: 'answered',
    error: undefined,
    text,
  })

  test.each([401, 402, 403, 404, 408, 424, 429, 500, 502, 503, 504, 529])('%i: yes', (status) => {
    expect(movesOn(answered(status), undefined)).toBe(true)
  })

  test.each([400, 405, 413, 422, 501])('%i: no', (status) => {
    expect(movesOn(answered(status), undefined)).toBe(false)
  })

  test('a 400 about money: yes', () => {
    expect(movesOn(answered(400, 'Your credit balance is too low to access the API'), undefined)).toBe(true)
  })

  test('a list of statuses takes the place of all that', () => {
    expect([movesOn(answered(529), new Set([400])), movesOn(answered(400), new Set([400]))]).toEqual([false, true])
  })

  test('a target that cannot serve the request: yes, whatever the list says', () => {
    const skipped = refused(new GatewayError('target.incapable', ''), { path: 'config' })
    expect(movesOn(skipped, new Set([529]))).toBe(true)
  })

  test('a fault of the gateway’s own: no', () => {
    const own = refused(new GatewayError('gateway.ledger_unavailable', ''), { path: 'config' })
    expect(movesOn(own, new Set([503]))).toBe(false)
  })
})

test.each([
  ['overloaded_error', 529],
  ['some_error', 500],
  ['constructor', 500],
])('an error of type %s stands for %i', (type, status) => {
  expect(statusOfType(type)).toBe(status)
})
