import { afterEach, expect, test } from 'vitest'
import { createManualClock } from '../../src/testing/clock.ts'
import { type HttpExchange, sendJson } from '../../src/testing/http.ts'
import { type BudgetedLimits, MESSAGE, type Turn, answer, billed, budget, limitTo } from './budgets-harness.ts'
import { EVENT_STREAM, KEY, WHOLE_STREAM, gateway, provider, start, stop } from './data-plane.ts'

/* What a call used is guessed when its client leaves before the provider has told. A guess is never more than what was held. */

afterEach(() => stop())

const PICTURE = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(900_000) } }
const SESSION = ['x-claude-code-session-id', '00000000-0000-4000-8000-000000000001']

async function begin(turn: Turn, amount: bigint): Promise<BudgetedLimits> {
  const limits = limitTo([budget({ amount })], createManualClock())
  await start(turn, { limits })
  return limits
}

function ask(document: object): HttpExchange {
  const headers = ['authorization', `Bearer ${KEY}`, ...SESSION]
  return sendJson(`${gateway.url}/v1/messages`, document, headers)
}

async function leave(exchange: HttpExchange): Promise<void> {
  const calls = gateway.records.length
  exchange.leave()
  await exchange.answer.catch(() => undefined)
  await gateway.recorded(calls + 1)
}

function expectWithin(limits: BudgetedLimits, amount: bigint): void {
  const { spent, held } = limits.stateOf('budget-key')
  expect(spent).toBe(billed(gateway).costNanos)
  expect(spent).toBeGreaterThan(0n)
  expect(spent).toBeLessThanOrEqual(amount)
  expect(held).toBe(0n)
}

test('of a picture: what it comes to, and not its bytes', async () => {
  const limits = await begin(() => {}, 8_000n)
  const exchange = ask({ ...MESSAGE, messages: [{ role: 'user', content: [PICTURE] }] })
  await expect.poll(() => provider.requests.length).toBe(1)
  await leave(exchange)
  expectWithin(limits, 3_000n)
})

test('of a turn: what the one before has taught', async () => {
  const first = { role: 'user', content: 'x'.repeat(30_000) }
  const limits = await begin((request, response, body) => {
    if (provider.requests.length === 1) answer(request, response, body)
  }, 40_000n)
  await ask({ ...MESSAGE, messages: [first] }).answer
  const exchange = ask({ ...MESSAGE, messages: [first, { role: 'user', content: 'And now?' }] })
  await expect.poll(() => provider.requests.length).toBe(2)
  const { held } = limits.stateOf('budget-key')
  await leave(exchange)
  expectWithin(limits, held + 32n)
})

test('of an answer: what it may have, however many bytes its tokens have', async () => {
  const word = {
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: 'supercalifragilistic '.repeat(60) },
  }
  const limits = await begin((_request, response) => {
    response.writeHead(200, EVENT_STREAM)
    response.write(`${WHOLE_STREAM.slice(0, 3).join('')}event: content_block_delta\ndata: ${JSON.stringify(word)}\n\n`)
  }, 2_000n)
  const exchange = ask({ ...MESSAGE, stream: true })
  await exchange.firstBytes
  await leave(exchange)
  expectWithin(limits, 25n + 64n)
})
