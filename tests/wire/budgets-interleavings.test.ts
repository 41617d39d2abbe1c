import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Budget } from '../../src/limits/limit.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { type HttpExchange, sendJson } from '../../src/testing/http.ts'
import { billed, budget, limitTo } from './budgets-harness.ts'
import { EVENT_STREAM, KEY, WHOLE_STREAM, startDataPlane, startProvider } from './data-plane.ts'

/*
 * Requests of every kind, begun, left, broken and answered in any order. Whatever happens, no hold outlives its call, the budgets are never passed,
 * and what they have spent is what the ledger was told.
 */

const STREAMING = {
  model: 'claude-sonnet-5-5',
  max_tokens: 64,
  stream: true,
  messages: [{ role: 'user', content: 'Say hi' }],
}
const BOUND = BigInt(JSON.stringify(STREAMING).length + 1_000 + 64)

/** What becomes of one request, in steps that others come between. */
const FATES = ['whole', 'left', 'left early', 'broken', 'cut', 'refused', 'counted', 'retried'] as const
type Fate = (typeof FATES)[number]

const modes = fc.constantFrom('strict' as const, 'tight' as const)
const requests = fc.array(fc.record({ fate: fc.constantFrom(...FATES), pause: fc.integer({ min: 0, max: 3 }) }), {
  minLength: 1,
  maxLength: 25,
})

test('no hold outlives its call, and no budget is passed, whatever happens in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(requests, fc.integer({ min: 1, max: 6 }), modes, async (plan, fitting, mode) => {
      await run(plan, BOUND * BigInt(fitting), mode)
    }),
    { numRuns: 60 },
  )
}, 60_000)

async function run(
  plan: readonly { fate: Fate; pause: number }[],
  amount: bigint,
  mode: Budget['mode'],
): Promise<void> {
  const clock = createManualClock(Date.UTC(2026, 10, 23, 12))
  const budgets = [
    budget({ amount }),
    budget({ level: 'workspace', amount: amount * 2n, mode }),
    budget({ level: 'organisation', unit: 'requests', amount: 20n }),
    budget({ level: 'user', unit: 'tokens', amount }),
  ]
  const limits = limitTo(budgets, clock)
  const seen = new Set<string>()
  const provider = await startProvider((request, response, body) => {
    const fate = /"fate":"([^"]*)"/.exec(body.toString())?.[1]
    const id = /"number":(\d+)/.exec(body.toString())![1]!
    const isFirst = !seen.has(id)
    seen.add(id)
    if (fate === 'refused' || (fate === 'retried' && isFirst)) {
      response.writeHead(529, { 'content-type': 'application/json' }).end('{"type":"error","error":{"type":"x"}}')
      return
    }
    if (fate === 'left early') return
    if (fate === 'cut') {
      request.socket.destroy()
      return
    }
    response.writeHead(200, EVENT_STREAM)
    if (fate === 'left') response.write(WHOLE_STREAM.slice(0, 4).join(''))
    else if (fate === 'broken') {
      response.write(WHOLE_STREAM.slice(0, 4).join(''), () => setImmediate(() => request.socket.destroy()))
    } else response.end(WHOLE_STREAM.join(''))
  })
  const gateway = await startDataPlane({ origin: provider.origin, limits, random: () => 0 })
  const never = (): void => {
    for (const { id, amount: most } of budgets) {
      const { spent, held } = limits.stateOf(id)
      expect(spent + held, id).toBeLessThanOrEqual(most)
    }
  }
  const running = plan.map(async ({ fate, pause }, number) => {
    for (let turn = 0; turn < pause; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    const exchange = ask(gateway.url, fate, number)
    never()
    if (fate === 'left early') setImmediate(() => exchange.leave())
    if (fate === 'left') void exchange.firstBytes.then(() => exchange.leave())
    await exchange.answer.catch(() => undefined)
    never()
  })
  await Promise.all(running)
  await gateway.stop()
  await provider.stop()

  const { costNanos } = billed(gateway)
  expect(gateway.entries.every(({ closing }) => closing !== undefined)).toBe(true)
  for (const { id } of budgets) expect(limits.stateOf(id).held, id).toBe(0n)
  for (const id of ['budget-key', 'budget-workspace', 'budget-user'])
    expect(limits.stateOf(id).spent, id).toBe(costNanos)
  never()
}

function ask(url: string, fate: Fate, number: number): HttpExchange {
  const path = fate === 'counted' ? '/v1/messages/count_tokens' : '/v1/messages'
  const config =
    fate === 'retried' ? ['x-portkey-config', JSON.stringify({ provider: '@prod', retry: { attempts: 1 } })] : []
  const document = { ...STREAMING, metadata: { fate, number } }
  return sendJson(`${url}${path}`, document, ['authorization', `Bearer ${KEY}`, ...config])
}
