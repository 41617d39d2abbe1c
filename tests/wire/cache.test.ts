import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AnswerCache, CachedAnswer } from '../../src/cache/answer-cache.ts'
import { createMemoryTier } from '../../src/cache/memory-tier.ts'
import { header } from '../../src/core/headers.ts'
import { asId } from '../../src/core/ids.ts'
import { NO_SETTINGS, type CacheRule, type RoutingConfig } from '../../src/routing/routing-config.ts'
import { type ManualClock, createManualClock } from '../../src/testing/clock.ts'
import { type HttpAnswer, sendJson } from '../../src/testing/http.ts'
import { CALLER, EVENT_STREAM, KEY, WHOLE_STREAM, gateway, provider, start, stop } from './data-plane.ts'

const OTHER_KEY = 'pcl_colleague'
const LOOKUPS = {
  [OTHER_KEY]: { state: 'active', caller: { ...CALLER, keyId: asId<'key'>('key-2') } },
} as const

const MESSAGE = { model: 'claude-sonnet-5-5', max_tokens: 64, messages: [{ role: 'user', content: 'Say hi' }] }

/** A plain answer of the provider, with usage. */
const ANSWER = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5-5',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 25, output_tokens: 7 },
})

function configWith(cache: CacheRule | undefined, fingerprint = 'v1'): RoutingConfig {
  const settings = { ...NO_SETTINGS, cache }
  return {
    id: 'pc-cached',
    versionId: fingerprint,
    fingerprint,
    root: { kind: 'target', path: 'config', name: undefined, provider: 'prod', settings },
  }
}

const CONFIGS = {
  'pc-own': configWith({ maxAgeSeconds: 3600, scope: 'key' }, 'own'),
  'pc-all': configWith({ maxAgeSeconds: 3600, scope: 'workspace' }, 'all'),
  'pc-off': configWith(undefined, 'off'),
}

/** The cache's memory alone. */
function answersIn(clock: ManualClock): AnswerCache {
  const memory = createMemoryTier({ clock, bytesMax: 10_000_000 })
  return {
    get: (key) => memory.get(key),
    put: (key, answer, ttlMs) => memory.put(key, { ...answer, expiresAt: answer.createdAt + ttlMs }),
    forget: async (workspaceId) => {
      memory.forget(workspaceId)
      return 0
    },
    stats: () => ({ answers: memory.answers, bytes: memory.bytes, pending: 0, dropped: 0, failures: 0 }),
    close: async () => {},
  }
}

let clock: ManualClock
let answers: AnswerCache

/** The provider answers streams and plain requests alike, with a number that grows, so that a repeated answer shows. */
async function startCounting(): Promise<void> {
  let count = 0
  await start(
    (_request, response, body) => {
      count += 1
      if (body.includes('"stream":true')) {
        response.writeHead(200, EVENT_STREAM)
        for (const event of WHOLE_STREAM) response.write(event.replace('msg_1', `msg_${count}`))
        response.end()
      } else {
        response.writeHead(200, { 'content-type': 'application/json', 'request-id': 'req_upstream' })
        response.end(ANSWER.replace('msg_1', `msg_${count}`))
      }
    },
    { clock, answers, configs: CONFIGS, lookups: LOOKUPS },
  )
}

interface Asked {
  readonly body?: object
  readonly key?: string
  readonly config?: string
  readonly headers?: readonly string[]
  readonly query?: string
}

function ask({ body = MESSAGE, key = KEY, config = 'pc-own', headers = [], query = '' }: Asked = {}) {
  const lines = ['x-portkey-api-key', key, 'x-portkey-config', config, ...headers]
  return sendJson(`${gateway.url}/v1/messages${query}`, body, lines)
}

const statusOf = ({ headers }: HttpAnswer) => header(headers, 'x-portkey-cache-status')

async function statusesOf(...asked: readonly Asked[]): Promise<(string | undefined)[]> {
  const statuses = []
  for (const each of asked) statuses.push(statusOf(await ask(each).answer))
  return statuses
}

beforeEach(() => {
  clock = createManualClock()
  answers = answersIn(clock)
})

describe('a request that comes again', () => {
  beforeEach(startCounting)
  afterEach(stop)

  test.each([
    ['plain', MESSAGE],
    ['streaming', { ...MESSAGE, stream: true }],
  ])('gets the same bytes again, %s', async (_way, body) => {
    const first = await ask({ body }).answer
    const second = await ask({ body }).answer
    expect([statusOf(first), statusOf(second)]).toEqual(['MISS', 'HIT'])
    expect(second.body).toEqual(first.body)
    expect(second.status).toBe(200)
    expect(second.whole).toBe(true)
    expect(header(second.headers, 'content-type')).toBe(header(first.headers, 'content-type'))
    expect(provider.requests).toHaveLength(1)
  })

  test('gets ids of its own, and is told which target had answered', async () => {
    await ask().answer
    const { headers } = await ask({ headers: ['x-portkey-trace-id', 'trace-of-the-second'] }).answer
    expect(header(headers, 'request-id')).toBe(gateway.records[1]!.id)
    expect(header(headers, 'x-portkey-trace-id')).toBe('trace-of-the-second')
    expect(header(headers, 'x-portkey-last-used-option-index')).toBe('config')
    expect(header(headers, 'x-portkey-provider')).toBe('anthropic')
    expect(header(headers, 'x-portkey-retry-attempt-count')).toBe('0')
    const names = headers.filter((_line, at) => at % 2 === 0).map((name) => name.toLowerCase())
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted())
  })

  test('costs nothing and stands in no ledger, and its record says why', async () => {
    await ask({ body: { ...MESSAGE, stream: true } }).answer
    await ask({ body: { ...MESSAGE, stream: true } }).answer
    await gateway.recorded(2)
    expect(gateway.entries).toHaveLength(1)
    expect(gateway.records.map(({ cacheStatus, attempts, costNanos }) => [cacheStatus, attempts, costNanos])).toEqual([
      ['MISS', 1, 32n],
      ['HIT', 0, 0n],
    ])
    expect(gateway.records[1]).toMatchObject({
      providerSlug: 'prod',
      status: 200,
      outcome: 'completed',
      usage: { input: 0 },
    })
  })

  test('is asked anew when anything about it differs', async () => {
    await ask().answer
    expect(
      await statusesOf(
        { body: { ...MESSAGE, max_tokens: 65 } },
        { query: '?beta=true' },
        { headers: ['anthropic-beta', 'context-1m-2025-08-07'] },
        { headers: ['anthropic-version', '2024-01-01'] },
        { headers: ['x-portkey-cache-namespace', 'nightly'] },
        { headers: ['x-portkey-metadata', '{"team":"a"}'] },
        { config: 'pc-all' },
        { key: OTHER_KEY },
        { headers: ['x-claude-code-session-id', 'another'] },
      ),
    ).toEqual([...new Array<string>(8).fill('MISS'), 'HIT'])
  })

  test('a namespace stands in the place of the metadata', async () => {
    const within = (team: string) => [
      'x-portkey-cache-namespace',
      'nightly',
      'x-portkey-metadata',
      `{"team":"${team}"}`,
    ]
    expect(await statusesOf({ headers: within('a') }, { headers: within('b') })).toEqual(['MISS', 'HIT'])
  })

  test('is answered to another key only where the config says so', async () => {
    expect(await statusesOf({ config: 'pc-all' }, { config: 'pc-all', key: OTHER_KEY })).toEqual(['MISS', 'HIT'])
    expect(await statusesOf({ config: 'pc-own' }, { config: 'pc-own', key: OTHER_KEY })).toEqual(['MISS', 'MISS'])
  })

  test('goes up when its answer has grown old, by the config or by the request', async () => {
    await ask().answer
    clock.advance(120_000)
    expect(await statusesOf({ headers: ['cache-control', 'max-age=121'] })).toEqual(['HIT'])
    expect(await statusesOf({ headers: ['cache-control', 'max-age=120'] })).toEqual(['MISS'])
    clock.advance(3_600_000)
    expect(await statusesOf({})).toEqual(['MISS'])
  })

  test.each([
    ['no-store', ['cache-control', 'no-store']],
    ['max-age=0', ['cache-control', 'private, max-age=0']],
    ['debug: false', ['x-portkey-debug', 'false']],
  ])('with %s neither takes an answer nor keeps one', async (_what, headers) => {
    expect(await statusesOf({ headers }, {}, { headers })).toEqual(['DISABLED', 'MISS', 'DISABLED'])
    expect(provider.requests).toHaveLength(3)
  })

  test('with a forced refresh goes up, and its answer takes the place of the earlier one', async () => {
    await ask().answer
    const refreshed = await ask({ headers: ['x-portkey-cache-force-refresh', 'true'] }).answer
    expect(statusOf(refreshed)).toBe('REFRESH')
    const third = await ask().answer
    expect(statusOf(third)).toBe('HIT')
    expect(third.body.toString()).toContain('msg_2')
  })

  test('goes up where no cache is configured, and for a count of tokens', async () => {
    expect(await statusesOf({ config: 'pc-off' }, { config: 'pc-off' })).toEqual(['DISABLED', 'DISABLED'])
    const lines = ['x-portkey-api-key', KEY, 'x-portkey-config', 'pc-own']
    const counted = await sendJson(`${gateway.url}/v1/messages/count_tokens`, MESSAGE, lines).answer
    expect(statusOf(counted)).toBe('DISABLED')
  })

  test('at the same moment goes up as well', async () => {
    const both = await Promise.all([ask().answer, ask().answer])
    expect(both.map(statusOf)).toEqual(['MISS', 'MISS'])
  })
})

describe('who gets nothing from the cache', () => {
  afterEach(stop)

  test('a key that was revoked meanwhile', async () => {
    const lookups: Record<string, { state: 'revoked' }> = {}
    await start(
      (_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER),
      {
        clock,
        answers,
        configs: CONFIGS,
        lookups,
      },
    )
    await ask().answer
    lookups[KEY] = { state: 'revoked' }
    expect((await ask().answer).status).toBe(401)
  })

  test('a request for a model that is not allowed any more', async () => {
    const allowed = new Set([MESSAGE.model])
    await start(
      (_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER),
      {
        clock,
        answers,
        configs: CONFIGS,
        upstream: { allows: (model) => allowed.has(model) },
      },
    )
    await ask().answer
    allowed.clear()
    expect((await ask().answer).status).toBe(400)
    expect(provider.requests).toHaveLength(1)
  })
})

describe('an answer that is not kept', () => {
  afterEach(stop)

  const options = () => ({ clock, answers, configs: CONFIGS })

  test.each([
    ['an error', 400, '{"type":"error","error":{"type":"invalid_request_error","message":"no"}}'],
    ['a refusal of the model', 200, ANSWER.replace('end_turn', 'refusal')],
    ['one of more than 2 MB', 200, ANSWER.replace('"Hi"', JSON.stringify('x'.repeat(2_200_000)))],
  ])('%s', async (_what, status, body) => {
    await start(
      (_request, response) => void response.writeHead(status, { 'content-type': 'application/json' }).end(body),
      options(),
    )
    const answers = [await ask().answer, await ask().answer]
    expect(answers.map(statusOf)).toEqual(['MISS', 'MISS'])
    expect(answers[1]!.body.toString()).toBe(body)
  })

  test('a stream that broke off', async () => {
    await start((_request, response) => {
      response.writeHead(200, EVENT_STREAM)
      response.write(WHOLE_STREAM.slice(0, 4).join(''), () => response.destroy())
    }, options())
    const body = { ...MESSAGE, stream: true }
    const first = await ask({ body }).answer
    expect(first.body.toString()).toContain('event: error')
    await ask({ body }).answer
    expect(provider.requests.length).toBeGreaterThan(1)
    expect(gateway.records.map(({ cacheStatus }) => cacheStatus)).toEqual(['MISS', 'MISS'])
    expect(answers.stats().answers).toBe(0)
  })

  test('a stream that told of an error and then ended', async () => {
    const error = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    await start((_request, response) => {
      response.writeHead(200, EVENT_STREAM)
      response.end(WHOLE_STREAM.slice(0, 4).join('') + error)
    }, options())
    await ask({ body: { ...MESSAGE, stream: true } }).answer
    expect(answers.stats().answers).toBe(0)
  })

  test('one that came compressed, which may hold a refusal', async () => {
    const refusal = gzipSync(ANSWER.replace('end_turn', 'refusal'))
    await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(refusal)
    }, options())
    expect((await ask().answer).body).toEqual(refusal)
    expect(answers.stats().answers).toBe(0)
  })

  test('one whose reader left', async () => {
    let finish = (): void => {}
    await start((_request, response) => {
      response.writeHead(200, EVENT_STREAM)
      response.write(WHOLE_STREAM.slice(0, 4).join(''))
      finish = () => void response.end(WHOLE_STREAM.slice(4).join(''))
    }, options())
    const exchange = ask({ body: { ...MESSAGE, stream: true } })
    void exchange.answer.catch(() => {})
    await exchange.firstBytes
    exchange.leave()
    await gateway.recorded(1)
    finish()
    expect(gateway.records[0]).toMatchObject({ outcome: 'interrupted', interruptedBy: 'client', cacheStatus: 'MISS' })
    expect(answers.stats().answers).toBe(0)
  })
})

describe('a client that', () => {
  /** Far more than a socket takes at once. */
  const LONG: CachedAnswer = {
    status: 200,
    headers: ['content-type', 'text/event-stream; charset=utf-8', 'x-portkey-last-used-option-index', 'config'],
    body: Buffer.from('event: ping\ndata: {"type":"ping"}\n\n'.repeat(1_000_000)),
    createdAt: Date.UTC(2026, 10, 23),
  }

  beforeEach(() =>
    start((_request, response) => void response.writeHead(500).end(), {
      clock,
      answers: { ...answers, get: () => LONG },
      configs: CONFIGS,
    }),
  )
  afterEach(stop)

  test('reads a long answer gets all of it', async () => {
    const answer = await ask({ body: { ...MESSAGE, stream: true } }).answer
    expect(answer.body.equals(LONG.body)).toBe(true)
    expect(answer.whole).toBe(true)
  })

  test('leaves in the middle of it ends it, and the record says so', async () => {
    const exchange = ask({ body: { ...MESSAGE, stream: true } })
    void exchange.answer.catch(() => {})
    await exchange.firstBytes
    exchange.leave()
    await gateway.recorded(1)
    expect(gateway.records[0]).toMatchObject({ outcome: 'interrupted', interruptedBy: 'client', cacheStatus: 'HIT' })
    expect(gateway.records[0]!.responseBytes).toBeLessThan(LONG.body.length)
  })
})
