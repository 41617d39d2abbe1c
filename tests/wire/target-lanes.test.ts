import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { header } from '../../src/core/headers.ts'
import type { CallLimits } from '../../src/gateway/parts.ts'
import { createGates } from '../../src/limits/create-gates.ts'
import { createRates } from '../../src/limits/create-rates.ts'
import type { Budget, Lane, RateLimit } from '../../src/limits/limit.ts'
import { type ManualClock, createManualClock } from '../../src/testing/clock.ts'
import { type HttpExchange, sendJson } from '../../src/testing/http.ts'
import { MESSAGE, type Turn, answer, budget, limitTo } from './budgets-harness.ts'
import {
  EVENT_STREAM,
  KEY,
  WHOLE_STREAM,
  gateway,
  provider,
  start,
  startDataPlane,
  startProvider,
  stop,
} from './data-plane.ts'

/* Rate limits that stand at a target: looked at for each attempt, before anything is held for it. */

const STREAMING = { ...MESSAGE, stream: true }

let clock: ManualClock
let limits: CallLimits

beforeEach(() => {
  clock = createManualClock(Date.UTC(2026, 10, 23, 12))
})
afterEach(() => stop())

function lane(rate: Partial<RateLimit>): Lane {
  const windowMs = rate.unit === 'concurrency' ? 0 : 60_000
  return {
    bucket: 'lane',
    rate: {
      kind: 'rate',
      id: 'lane',
      level: 'provider',
      of: 'provider @prod',
      workspaceId: undefined,
      unit: 'requests',
      value: 1,
      windowMs,
      ...rate,
    },
  }
}

/** One lane at `@prod`, and budgets of the key. */
async function begin(turn: Turn, rate: Partial<RateLimit>, budgets: readonly Partial<Budget>[] = []): Promise<void> {
  const base = limitTo(budgets.map(budget), clock)
  const lanes = [lane(rate)]
  limits = {
    ...base,
    rulebook: () => ({
      ...base.rulebook(),
      targetLanes: ({ providerSlug }) => (providerSlug === 'prod' ? lanes : []),
    }),
    rates: createRates({ clock }),
    gates: createGates({ clock, waitMs: 5_000, waitersMax: 0 }),
  }
  await start(turn, { limits })
}

function ask(document: object = MESSAGE, more: readonly string[] = []): HttpExchange {
  return sendJson(`${gateway.url}/v1/messages`, document, ['authorization', `Bearer ${KEY}`, ...more])
}

test('a provider that may be asked once a minute says when it may be asked again', async () => {
  await begin(answer, {})
  expect((await ask().answer).status).toBe(200)
  const { status, headers } = await ask().answer
  expect([status, header(headers, 'x-portcullis-error')]).toEqual([429, 'rate.provider_limited'])
  expect(provider.requests).toHaveLength(1)
})

test('a config goes on to the next target', async () => {
  await begin(answer, { value: 0 })
  const second = await startProvider(answer)
  const two = await startDataPlane({ origin: provider.origin, others: { second }, limits })
  const config = { strategy: { mode: 'fallback' }, targets: [{ provider: '@prod' }, { provider: '@second' }] }
  const { status } = await sendJson(`${two.url}/v1/messages`, MESSAGE, [
    'authorization',
    `Bearer ${KEY}`,
    'x-portkey-config',
    JSON.stringify(config),
  ]).answer
  expect(status).toBe(200)
  expect(two.records[0]!.route[0]).toMatchObject({
    provider: 'prod',
    result: 'skipped',
    reason: 'rate.provider_limited',
  })
  await two.stop()
  await second.stop()
})

test('tokens are counted as they were used, once that is known', async () => {
  // Some 1,030 are expected of each, and 32 used.
  await begin(answer, { unit: 'tokens', value: 1_150 })
  const long = { ...MESSAGE, messages: [{ role: 'user', content: 'word '.repeat(600) }] }
  const statuses = []
  for (let at = 0; at < 6; at += 1) statuses.push((await ask(long).answer).status)
  expect(statuses).toEqual([200, 200, 200, 200, 429, 429])
})

describe('a place among those that run at the same time is given back', () => {
  const FATES: readonly {
    readonly name: string
    readonly turn: Turn
    readonly leaves?: true
    readonly amount?: bigint
  }[] = [
    { name: 'after a whole answer', turn: answer },
    {
      name: 'when the upstream breaks',
      turn: (request, response) => {
        const begun = WHOLE_STREAM.slice(0, 4).join('')
        response.writeHead(200, EVENT_STREAM).write(begun, () => setImmediate(() => request.socket.destroy()))
      },
    },
    {
      name: 'when the client leaves',
      turn: (_request, response) => {
        response.writeHead(200, EVENT_STREAM).write(WHOLE_STREAM.slice(0, 4).join(''))
      },
      leaves: true,
    },
    { name: 'when a budget stops the call', turn: answer, amount: 0n },
  ]

  test.each(FATES)('$name', async ({ turn, leaves, amount = 1_000_000n }) => {
    await begin(turn, { unit: 'concurrency' }, [{ amount }])
    for (let at = 1; at <= 3; at += 1) {
      const exchange = ask(STREAMING)
      if (leaves) {
        await exchange.firstBytes
        exchange.leave()
      }
      const status = await exchange.answer.then(
        (answered) => answered.status,
        () => 0,
      )
      expect(status).not.toBe(429)
      await gateway.recorded(at)
    }
  })

  test('and not before', async () => {
    await begin(FATES[2]!.turn, { unit: 'concurrency' })
    const running = ask(STREAMING)
    await running.firstBytes
    expect((await ask(STREAMING).answer).status).toBe(429)
    running.leave()
    await gateway.recorded(2)
  })
})
