import { afterEach, expect, test } from 'vitest'
import { createPrices } from '../../src/core/pricing.ts'
import { listPrices } from '../../src/core/prices/list-prices.ts'
import { createRulebook } from '../../src/limits/rulebook.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { sendJson } from '../../src/testing/http.ts'
import { type Turn, MESSAGE, answer, billed, budget, errorIn, limitTo } from './budgets-harness.ts'
import { KEY, gateway, provider, start, stop } from './data-plane.ts'

/*
 * Anthropic lets a body name more models than its own: fallbacks, and the advisor. Nobody gets to a model that way that they may not use, or have no
 * budget for.
 */

const FALLBACK = { ...MESSAGE, model: 'claude-haiku-4-5', fallbacks: [{ model: 'claude-opus-4-1' }] }
const ADVISOR = { ...MESSAGE, tools: [{ type: 'advisor_20260301', name: 'advisor', model: 'claude-opus-4-1' }] }

const BY_CONFIG = { provider: '@prod', override_params: { fallbacks: [{ model: 'claude-opus-4-1' }] } }

afterEach(() => stop())

async function ask(document: object, more: readonly string[] = []) {
  return await sendJson(`${gateway.url}/v1/messages`, document, ['authorization', `Bearer ${KEY}`, ...more]).answer
}

test.each([
  ['in its fallbacks', FALLBACK, []],
  ['as its advisor', ADVISOR, []],
  ['by way of a config of its own', MESSAGE, ['x-portkey-config', JSON.stringify(BY_CONFIG)]],
  ['by leaving the choice to the provider', { ...MESSAGE, fallbacks: 'default' }, []],
])('a model that is not allowed is not reached %s', async (_how, document, headers) => {
  const models = ['claude-haiku-4-5', 'claude-sonnet-5-5']
  await start(answer, { upstream: { models, allows: (model) => models.includes(model) } })
  const refusal = await ask(document, headers)
  expect(refusal.status).toBe(400)
  expect(errorIn(refusal).message).toContain('is not allowed for workspace ws-payments')
  expect(provider.requests).toEqual([])
  expect((await ask({ ...FALLBACK, fallbacks: [{ model: 'claude-sonnet-5-5' }] })).status).toBe(200)
})

/** The first model declines in the middle of its answer, and the dearer one writes as much as it may. */
const takeOver: Turn = (_request, response) => {
  const half = { input_tokens: 90, output_tokens: 60 }
  const whole = { input_tokens: 90, output_tokens: MESSAGE.max_tokens }
  const iterations = [
    { type: 'message', model: 'claude-haiku-4-5', ...half },
    { type: 'fallback_message', model: 'claude-opus-4-1', ...whole },
  ]
  response.writeHead(200, { 'content-type': 'application/json' }).end(
    JSON.stringify({
      id: 'msg_1',
      type: 'message',
      model: 'claude-haiku-4-5',
      content: [{ type: 'text', text: 'Hi' }],
      stop_reason: 'end_turn',
      usage: { ...half, iterations },
    }),
  )
}

test.each(['strict', 'tight'] as const)('a %s budget is not passed by a dearer model that takes over', async (mode) => {
  const limits = limitTo([budget({ amount: 25_000_000n, mode })], createManualClock())
  await start(takeOver, { limits, prices: createPrices([{ ...listPrices, validFrom: 0 }]) })
  const statuses: number[] = []
  for (let at = 0; at < 8; at += 1) statuses.push((await ask(FALLBACK)).status)
  expect(statuses).toContain(200)
  expect(statuses.at(-1)).toBe(402)
  const { spent, held } = limits.stateOf('budget-key')
  expect(spent).toBe(billed(gateway).costNanos)
  expect(spent).toBeLessThanOrEqual(25_000_000n)
  expect(held).toBe(0n)
})

test.each([
  ['a fallback', FALLBACK],
  ['an advisor', ADVISOR],
])('a policy for a model means it as %s too', async (_as, document) => {
  const limit = budget({ level: 'policy', amount: 0n })
  const conditions = [{ key: 'model', value: 'claude-opus-*' }]
  const rulebook = createRulebook({
    limits: [],
    policies: [{ limit, conditions, groupBy: [] }],
    resets: new Map(),
    providerKinds: new Map(),
  })
  await start(answer, { limits: limitTo([], createManualClock(), { rulebook: () => rulebook }) })
  expect((await ask(document)).status).toBe(402)
  expect(provider.requests).toEqual([])
  expect((await ask(MESSAGE)).status).toBe(200)
})
