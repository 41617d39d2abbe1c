import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { header } from '../../src/core/headers.ts'
import type { Budget } from '../../src/limits/limit.ts'
import { NO_SETTINGS, type RoutingConfig } from '../../src/routing/routing-config.ts'
import { type ManualClock, createManualClock } from '../../src/testing/clock.ts'
import { type HttpExchange, sendJson } from '../../src/testing/http.ts'
import {
  ANSWER,
  type BudgetedLimits,
  COST,
  LEVELS,
  MESSAGE,
  type Turn,
  answer,
  billed,
  budget,
  errorIn,
  limitTo,
} from './budgets-harness.ts'
import {
  type DataPlaneOptions,
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

const STREAMING = { ...MESSAGE, stream: true }
/** Bytes of it, the frame, and its answer: what is held for it. */
const BOUND = BigInt(JSON.stringify(MESSAGE).length + 1_000 + 64)
const STREAM_BOUND = BigInt(JSON.stringify(STREAMING).length + 1_000 + 64)

/** Says the beginning and then nothing more. */
const beginStream: Turn = (_request, response) => {
  response.writeHead(200, EVENT_STREAM).write(WHOLE_STREAM.slice(0, 4).join(''))
}
const breakStream: Turn = (request, response) => {
  response
    .writeHead(200, EVENT_STREAM)
    .write(WHOLE_STREAM.slice(0, 4).join(''), () => setImmediate(() => request.socket.destroy()))
}
const stayBusy: Turn = () => {}
const refuse: Turn = (_request, response) => {
  response.writeHead(529, { 'content-type': 'application/json' }).end('{"type":"error","error":{"type":"x"}}')
}

/** Of budgets alone; everything else lives in real time. */
let clock: ManualClock
let limits: BudgetedLimits

beforeEach(() => {
  clock = createManualClock(Date.UTC(2026, 10, 23, 12))
})
afterEach(() => stop())

async function begin(turn: Turn, budgets: readonly Partial<Budget>[], options: Partial<DataPlaneOptions> = {}) {
  limits = limitTo(budgets.map(budget), clock)
  await start(turn, { limits, ...options })
}

function ask(document: object = MESSAGE, path = '/v1/messages', more: readonly string[] = []): HttpExchange {
  return sendJson(`${gateway.url}${path}`, document, ['authorization', `Bearer ${KEY}`, ...more])
}

/** Everything that was held has been given back, and what was spent is what the ledger says. */
function expectSettled(id = 'budget-key'): void {
  expect(limits.stateOf(id)).toMatchObject({ held: 0n, spent: billed(gateway).costNanos })
}

describe('a budget that is spent', () => {
  test.each(LEVELS)('of level %s stops the call before it is made', async (level) => {
    await begin(answer, [{ level, amount: BOUND }])
    expect((await ask().answer).status).toBe(200)
    const refusal = await ask().answer
    const isOfTarget = level === 'provider' || level === 'integration'
    expect(refusal.status).toBe(402)
    expect(errorIn(refusal).type).toBe('billing_error')
    expect(header(refusal.headers, 'x-portcullis-error')).toBe(isOfTarget ? 'budget.provider_spent' : 'budget.spent')
    expect(provider.requests).toHaveLength(1)
    expectSettled(`budget-${level}`)
  })

  test('is told with who, how much, when it begins anew and whom to ask', async () => {
    await begin(answer, [{ of: 'key “ci”', amount: 32n, reset: { every: 'day' } }])
    const { message } = errorIn(await ask().answer)
    expect(message).toBe(
      'Key “ci” has used $0 of $0.000000032 today, and this request may need more than the $0.000000032 that is left. ' +
        'It begins anew tomorrow at 00:00 UTC. Ask #ai-platform if you need more before.',
    )
  })

  test('lets requests pass again when its period ends', async () => {
    await begin(answer, [{ amount: BOUND }], { clock })
    await ask().answer
    expect((await ask().answer).status).toBe(402)
    clock.advance(9 * 86_400_000)
    expect((await ask().answer).status).toBe(200)
  })

  test('of requests counts an exchange once', async () => {
    await begin(answer, [{ unit: 'requests', amount: 2n }])
    const statuses = []
    for (let at = 0; at < 3; at += 1) statuses.push((await ask().answer).status)
    expect(statuses).toEqual([200, 200, 402])
    expect(limits.stateOf('budget-key').spent).toBe(2n)
  })

  test('of tokens counts every kind of them', async () => {
    await begin(answer, [{ unit: 'tokens', amount: 100_000n }])
    await ask().answer
    expect(limits.stateOf('budget-key')).toMatchObject({ spent: COST, held: 0n })
  })

  test('and soft only counts', async () => {
    await begin(answer, [{ amount: 1n, hard: false }])
    expect((await ask().answer).status).toBe(200)
    expectSettled()
  })

  test('does not stop a count of tokens, which is free', async () => {
    await begin(answer, [{ amount: 0n }])
    expect((await ask(MESSAGE, '/v1/messages/count_tokens').answer).status).toBe(200)
    expect(gateway.entries[0]!.opening.buckets).toEqual([])
    expect((await ask().answer).status).toBe(402)
  })

  test('stands in the ledger with every call that it counts', async () => {
    await begin(answer, [{}, { level: 'workspace', unit: 'tokens' }])
    await ask().answer
    expect(gateway.entries[0]!.opening.buckets.toSorted()).toEqual(['budget-key', 'budget-workspace'])
  })

  test('in the shape of Portkey for a key that asks for it', async () => {
    await begin(answer, [{ amount: 1n }], { caller: { errorFormat: 'portkey' } })
    const { status, body } = await ask().answer
    expect(status).toBe(412)
    expect(JSON.parse(body.toString())).toMatchObject({ status: 'failure', error: { code: '04' } })
  })
})

describe('a hold ends with its call', () => {
  test('that is answered plainly', async () => {
    await begin(answer, [{}])
    expect((await ask().answer).status).toBe(200)
    expect(limits.stateOf('budget-key').spent).toBe(COST)
    expectSettled()
  })

  test('that is answered with a stream', async () => {
    await begin(answer, [{}])
    expect((await ask(STREAMING).answer).body.toString()).toBe(WHOLE_STREAM.join(''))
    expect(limits.stateOf('budget-key').spent).toBe(COST)
    expectSettled()
  })

  test('that its client leaves', async () => {
    await begin(beginStream, [{}])
    const exchange = ask(STREAMING)
    await exchange.firstBytes
    exchange.leave()
    await gateway.recorded(1)
    expect(limits.stateOf('budget-key').spent).toBeGreaterThanOrEqual(25n)
    expectSettled()
  })

  test('that its client leaves before a word', async () => {
    await begin(stayBusy, [{}])
    const exchange = ask()
    await expect.poll(() => provider.requests.length).toBe(1)
    expect(limits.stateOf('budget-key').held).toBe(BOUND)
    exchange.leave()
    await exchange.answer.catch(() => undefined)
    await gateway.recorded(1)
    expectSettled()
  })

  test('that its upstream breaks', async () => {
    await begin(breakStream, [{}])
    expect((await ask(STREAMING).answer).body.toString()).toContain('event: error')
    expectSettled()
  })

  test('that its upstream refuses, and that costs nothing', async () => {
    await begin(refuse, [{}])
    expect((await ask().answer).status).toBe(529)
    expect(limits.stateOf('budget-key')).toMatchObject({ spent: 0n, held: 0n })
  })

  test('that cannot be entered in the ledger', async () => {
    await begin(answer, [{}], { ledgerFails: () => new Error('disk full') })
    expect((await ask().answer).status).toBe(500)
    expect(limits.stateOf('budget-key')).toMatchObject({ spent: 0n, held: 0n })
  })

  test('that its signer never lets out', async () => {
    let signs: (() => void) | undefined
    const signing = new Promise<void>((resolve) => (signs = resolve))
    await begin(answer, [{}], {
      signer: {
        sign: async (_request, _upstream, signal) => {
          signs!()
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('left'))))
        },
      },
    })
    const exchange = ask()
    await signing
    expect(limits.stateOf('budget-key').held).toBe(BOUND)
    exchange.leave()
    await exchange.answer.catch(() => undefined)
    await gateway.recorded(1)
    expect(limits.stateOf('budget-key')).toMatchObject({ spent: 0n, held: 0n })
    expect(gateway.entries).toEqual([])
  })

  test('and shrinks to the real input as soon as the provider has told it', async () => {
    await begin(beginStream, [{}])
    const exchange = ask(STREAMING)
    await exchange.firstBytes
    expect(limits.stateOf('budget-key').held).toBe(25n + 64n)
    exchange.leave()
    await gateway.recorded(1)
    expectSettled()
  })
})

describe('what a turn has taught', () => {
  const SESSION = ['x-claude-code-session-id', '00000000-0000-4000-8000-000000000001']
  const turn = (words: number) => ({ ...STREAMING, messages: [{ role: 'user', content: 'word '.repeat(words) }] })
  const sizeOf = (document: object) => JSON.stringify(document).length
  const first = turn(1_000)
  /** What is held for this request while its provider says nothing. */
  async function heldFor(document: object, headers: readonly string[]): Promise<number> {
    const exchange = ask(document, '/v1/messages', headers)
    await expect.poll(() => provider.requests.length).toBe(2)
    const { held } = limits.stateOf('budget-key')
    exchange.leave()
    await exchange.answer.catch(() => undefined)
    return Number(held)
  }

  test.each([
    { name: 'holds for the next one what was counted, and what was added', next: turn(1_100), learned: true },
    { name: 'says nothing of a smaller body', next: turn(900), learned: false },
    {
      name: 'says nothing of another conversation',
      next: { ...turn(1_100), messages: ['x'.repeat(6_000)] },
      learned: false,
    },
    { name: 'says nothing of another model', next: { ...turn(1_100), model: 'claude-opus-5-5' }, learned: false },
  ])('$name', async ({ next, learned }) => {
    let calls = 0
    await begin((...turnOf) => ((calls += 1) === 1 ? answer(...turnOf) : stayBusy(...turnOf)), [{ amount: 100_000n }])
    await ask(first, '/v1/messages', SESSION).answer
    const byBytes = sizeOf(next) + 1_000 + 64
    const byTurn = 25 + sizeOf(next) - sizeOf(first) + 1_000 + 64
    expect(await heldFor(next, SESSION)).toBe(learned ? byTurn : byBytes)
  })

  test('says nothing of another session', async () => {
    let calls = 0
    await begin((...turnOf) => ((calls += 1) === 1 ? answer(...turnOf) : stayBusy(...turnOf)), [{ amount: 100_000n }])
    await ask(first, '/v1/messages', SESSION).answer
    const other = [SESSION[0]!, '00000000-0000-4000-8000-000000000002']
    expect(await heldFor(turn(1_100), other)).toBe(sizeOf(turn(1_100)) + 1_000 + 64)
  })

  test('does not let a call go on whose provider counts more than anybody could have thought', async () => {
    await begin(
      (_request, response) => {
        response
          .writeHead(200, EVENT_STREAM)
          .write(WHOLE_STREAM[0]!.replace('"input_tokens":25', '"input_tokens":9999'))
      },
      [{ amount: STREAM_BOUND }],
    )
    const { status, headers } = await ask(STREAMING).answer
    expect([status, header(headers, 'x-portcullis-error')]).toEqual([402, 'budget.spent'])
    await provider.requests[0]!.gone
    expectSettled()
  })
})

describe('what does not fit', () => {
  const LONG = { ...MESSAGE, max_tokens: 100_000 }
  const FIXED = BigInt(JSON.stringify(LONG).length + 1_000)

  test('is asked for a shorter answer', async () => {
    await begin(answer, [{ amount: FIXED + 20_000n }])
    expect((await ask(LONG).answer).status).toBe(200)
    const sent = JSON.parse(provider.requests[0]!.body.toString()) as { max_tokens: number }
    expect(sent.max_tokens).toBeGreaterThan(4_096)
    expect(sent.max_tokens).toBeLessThanOrEqual(20_000)
    await gateway.recorded(1)
    expect(gateway.records[0]!.changes).toEqual(['lowered max_tokens'])
    expectSettled()
  })

  test('also where a config decides how long answers may be', async () => {
    const config: RoutingConfig = {
      id: 'pc-long',
      versionId: 'v1',
      fingerprint: 'v1',
      root: {
        kind: 'target',
        path: 'config',
        name: undefined,
        provider: 'prod',
        settings: { ...NO_SETTINGS, params: { defaults: {}, overrides: { max_tokens: 100_000 }, drops: [] } },
      },
    }
    await begin(answer, [{ amount: FIXED + 20_000n }], { configs: { 'pc-long': config } })
    expect((await ask(MESSAGE, '/v1/messages', ['x-portkey-config', 'pc-long']).answer).status).toBe(200)
    const sent = JSON.parse(provider.requests[0]!.body.toString()) as { max_tokens: number }
    expect(sent.max_tokens).toBeLessThanOrEqual(20_100)
  })

  test('and that shorter answer is not kept for others', async () => {
    const config = ['x-portkey-config', JSON.stringify({ provider: '@prod', cache: { mode: 'simple' } })]
    await begin(answer, [{ amount: FIXED + 20_000n }])
    for (let at = 0; at < 2; at += 1) {
      const { headers } = await ask(LONG, '/v1/messages', config).answer
      expect(header(headers, 'x-portkey-cache-status')).toBe('MISS')
    }
  })

  test('but not for one that is not worth its input', async () => {
    await begin(answer, [{ amount: FIXED + 4_000n }])
    expect((await ask(LONG).answer).status).toBe(402)
    expect(provider.requests).toEqual([])
  })

  test('and never for less than the thinking that it asks for', async () => {
    const thinking = { ...LONG, thinking: { type: 'enabled', budget_tokens: 31_999 } }
    await begin(answer, [{ amount: FIXED + 32_000n }])
    expect((await ask(thinking).answer).status).toBe(402)
    expect(provider.requests).toEqual([])
  })

  test('because running requests hold the rest may come back in a moment', async () => {
    await begin(beginStream, [{ amount: STREAM_BOUND + 100n }])
    const running = ask(STREAMING)
    // Until the provider has told the input of the first, most of the budget is held; afterwards there is room.
    const refusal = await ask(STREAMING).answer
    expect(refusal.status).toBe(429)
    expect(header(refusal.headers, 'x-portcullis-error')).toBe('budget.held')
    expect(Number(header(refusal.headers, 'retry-after'))).toBeGreaterThanOrEqual(2)
    expect(Number(header(refusal.headers, 'retry-after'))).toBeLessThanOrEqual(10)
    await running.firstBytes
    running.leave()
    await gateway.recorded(2)
    expectSettled()
  })
})

describe('on the way to a target', () => {
  const FALLBACK = { strategy: { mode: 'fallback' }, targets: [{ provider: '@prod' }, { provider: '@second' }] }
  const headers = ['x-portkey-config', JSON.stringify(FALLBACK)]

  test.each([
    { name: 'spent', amount: 0n, code: 'budget.provider_spent', status: 402 },
    { name: 'held by running requests', amount: STREAM_BOUND, code: 'budget.provider_held', status: 429 },
  ])('a provider whose budget is $name is passed over', async ({ amount, code, status }) => {
    await begin(stayBusy, [{ level: 'provider', amount }])
    const second = await startProvider(answer)
    const two = await startDataPlane({ origin: provider.origin, others: { second }, limits })
    const running = amount === 0n ? undefined : ask(STREAMING)
    if (running !== undefined) await expect.poll(() => provider.requests.length).toBe(1)
    const send = (more: readonly string[]) =>
      sendJson(`${two.url}/v1/messages`, MESSAGE, ['authorization', `Bearer ${KEY}`, ...more]).answer
    expect((await send(headers)).status).toBe(200)
    expect(two.entries.map(({ opening }) => opening.providerSlug)).toEqual(['second'])
    expect(two.records[0]!.route).toMatchObject([
      { provider: 'prod', result: 'skipped', reason: code },
      { provider: 'second', result: 'answered' },
    ])
    expect((await send([])).status).toBe(status)
    running?.leave()
    await running?.answer.catch(() => undefined)
    await two.stop()
    await second.stop()
  })

  test('a retry holds anew what its predecessor has given back, and is no second request', async () => {
    let calls = 0
    await begin(
      (request, response, body) => {
        calls += 1
        return calls === 1 ? refuse(request, response, body) : answer(request, response, body)
      },
      [{ amount: BOUND }, { level: 'workspace', unit: 'requests', amount: 1n }],
      { random: () => 0 },
    )
    const config = JSON.stringify({ provider: '@prod', retry: { attempts: 2 } })
    expect((await ask(MESSAGE, '/v1/messages', ['x-portkey-config', config]).answer).status).toBe(200)
    expect(gateway.entries).toHaveLength(2)
    expect(limits.stateOf('budget-key')).toMatchObject({ spent: COST, held: 0n })
    expect(limits.stateOf('budget-workspace')).toMatchObject({ spent: 1n, held: 0n })
  })

  test('an answer from the cache is not charged', async () => {
    await begin(answer, [{ amount: BOUND }])
    const config = ['x-portkey-config', JSON.stringify({ provider: '@prod', cache: { mode: 'simple' } })]
    await ask(MESSAGE, '/v1/messages', config).answer
    const again = await ask(MESSAGE, '/v1/messages', config).answer
    expect(header(again.headers, 'x-portkey-cache-status')).toBe('HIT')
    expect(limits.stateOf('budget-key').spent).toBe(COST)
  })
})

describe('a budget that holds what is likely', () => {
  /** So many tokens of text, as the gateway estimates them. */
  const textOf = (tokens: number) =>
    `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${'abc'.repeat(tokens)}"}}\n\n`
  const LONG = { ...STREAMING, max_tokens: 100_000 }
  const talkOn: Turn = (_request, response) => {
    response.writeHead(200, EVENT_STREAM).write(WHOLE_STREAM.slice(0, 3).join(''))
    const talk = () => {
      if (!response.destroyed) response.write(textOf(500), () => setImmediate(talk))
    }
    talk()
  }

  test('lets a request in that would not fit at its longest', async () => {
    await begin(answer, [{ amount: 9_000n, mode: 'tight' }])
    expect((await ask(LONG).answer).status).toBe(200)
    expectSettled()
  })

  test('lets an answer through that is no stream, because it is written by then', async () => {
    const long = ANSWER.replace('"Hi"', `"${'word '.repeat(30_000)}"`)
    await begin(
      (_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(long),
      [{ amount: 20_000n, mode: 'tight' }],
    )
    const { body, whole } = await ask({ ...MESSAGE, max_tokens: 100_000 }).answer
    expect(whole).toBe(true)
    expect(body.toString()).toBe(long)
    expectSettled()
  })

  test('ends a stream for which there is no more room, and the next request hears why', async () => {
    await begin(talkOn, [{ amount: 20_000n, mode: 'tight' }])
    const { body, status } = await ask(LONG).answer
    expect(status).toBe(200)
    const last = body.toString().trimEnd().split('\n\n').at(-1)!
    expect(last).toContain('event: error')
    expect(last).toContain('billing_error')
    expect(last).toMatch(/has used \$0\.0000\d+ of \$0\.00002 this month/)
    await provider.requests[0]!.gone
    await gateway.recorded(1)
    expectSettled()
    // The last piece that had come was written, and is billed, whether there was room for it or not.
    expect(limits.stateOf('budget-key').spent).toBeLessThanOrEqual(20_000n + 500n)
    expect(gateway.entries[0]!.closing!.outcome).toBe('interrupted')
    expect(gateway.records[0]!).toMatchObject({
      outcome: 'interrupted',
      interruptedBy: undefined,
      errorCode: 'budget.spent',
    })
    expect((await ask(LONG).answer).status).toBe(402)
  })
})
