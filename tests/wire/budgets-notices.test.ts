import { afterEach, describe, expect, test } from 'vitest'
import { header } from '../../src/core/headers.ts'
import type { Budget } from '../../src/limits/limit.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { type HttpExchange, send, sendJson } from '../../src/testing/http.ts'
import { type BudgetedLimits, MESSAGE, answer, budget, errorIn, limitTo } from './budgets-harness.ts'
import { KEY, gateway, start, stop } from './data-plane.ts'

const clock = createManualClock(Date.UTC(2026, 10, 23, 12))
let limits: BudgetedLimits

afterEach(() => stop())

async function begin(turn: typeof answer, budgets: readonly Partial<Budget>[]): Promise<void> {
  limits = limitTo(budgets.map(budget), clock)
  await start(turn, { limits })
}

function ask(document: object = MESSAGE): HttpExchange {
  return sendJson(`${gateway.url}/v1/messages`, document, ['authorization', `Bearer ${KEY}`])
}

describe('a client in gateway mode', () => {
  const SYSTEM = [{ type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.330.abc; cc_gateway=env;' }]
  const BIG = 1_000_000_000_000n

  test.each([
    ['nothing', 0n, 'allowed', null],
    ['80 %', 80n, 'allowed_warning', '0.75'],
    ['97 %', 97n, 'allowed_warning', '0.95'],
  ])('reads with each answer how full its budget is: %s', async (_name, percent, status, passed) => {
    await begin(answer, [{ amount: BIG }])
    const before = limits.budgets.hold([{ budget: budget({ amount: BIG }), bucket: 'budget-key' }], {
      bound: { costNanos: 0n, tokens: 0, requests: 0 },
      expected: { costNanos: 0n, tokens: 0, requests: 0 },
      at: clock.now(),
    })
    if (before.kind === 'hold') before.settle({ costNanos: (BIG / 100n) * percent, tokens: 0, requests: 0 })
    const { headers } = await ask({ ...MESSAGE, system: SYSTEM }).answer
    const read = (name: string) => header(headers, `anthropic-ratelimit-unified-${name}`) ?? null
    expect(read('status')).toBe(status)
    expect(read('overage-status')).toBe(status)
    expect(read('representative-claim')).toBe('overage')
    expect(read('overage-surpassed-threshold')).toBe(passed)
    expect(read('overage-utilization')).toBe((Number(percent) / 100).toFixed(2))
    expect(read('reset')).toBe(String(Date.UTC(2026, 11, 1) / 1_000))
  })

  test('is stopped in the words and with the status that it knows', async () => {
    await begin(answer, [{ amount: 0n }])
    const refusal = await ask({ ...MESSAGE, system: SYSTEM }).answer
    expect(refusal.status).toBe(429)
    expect(errorIn(refusal).type).toBe('billing_error')
    expect(header(refusal.headers, 'x-should-retry')).toBe('false')
    expect(header(refusal.headers, 'anthropic-ratelimit-unified-status')).toBe('rejected')
    expect(header(refusal.headers, 'anthropic-ratelimit-unified-overage-disabled-reason')).toBe('org_spend_cap_reached')
    expect(header(refusal.headers, 'anthropic-ratelimit-unified-representative-claim')).toBeUndefined()
  })

  test('is told apart from a plain one, which gets neither', async () => {
    await begin(answer, [{ amount: BIG }])
    const { headers } = await ask().answer
    expect(headers.join('\n')).not.toContain('anthropic-ratelimit')
  })

  test('asks for its screen of spending, and hears of its own budgets only', async () => {
    await begin(answer, [
      { amount: 500_000_000n, reset: { every: 'day' } },
      { level: 'workspace', amount: 1_000_000_000n },
      { level: 'user', amount: 1_000_000_000n, reset: { every: 'never' } },
      { level: 'provider', amount: 1n },
      { level: 'organisation', unit: 'tokens' },
    ])
    const screen = send(`${gateway.url}/api/oauth/usage`, {
      method: 'GET',
      headers: ['authorization', `Bearer ${KEY}`],
    })
    const { status, body } = await screen.answer
    expect(status).toBe(200)
    const { extra_usage: extra, limits: bars } = JSON.parse(body.toString()) as Record<string, { group: string }[]>
    expect(extra).toMatchObject({ is_enabled: true, currency: 'USD' })
    expect(bars!.map(({ group }) => group).toSorted()).toEqual(['daily', 'monthly'])
    const nobody = await send(`${gateway.url}/api/oauth/usage`, { method: 'GET' }).answer
    expect(nobody.status).toBe(401)
  })
})
