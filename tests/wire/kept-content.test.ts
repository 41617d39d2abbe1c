import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { header } from '../../src/core/headers.ts'
import { DEFAULT_RECORD_RULES } from '../../src/core/record-rules.ts'
import { sessionKey } from '../../src/core/session-key.ts'
import type { KeyLookup } from '../../src/gateway/parts.ts'
import { NO_TRANSCRIPT, type Transcripts } from '../../src/records/transcript.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { send } from '../../src/testing/http.ts'
import {
  CALLER,
  EVENT_STREAM,
  KEY,
  WHOLE_STREAM,
  gateway,
  provider,
  start,
  type startProvider,
  stop,
} from './data-plane.ts'
import type { Remembered } from './remember-transcripts.ts'
import { WHOLE_JSON, envelope, refuseWith, serve } from './three-targets.ts'

/*
 * What is handed over to be kept is what was sent and what was answered, byte for byte, on every road that an exchange can take.
 */

afterEach(stop)

type Turn = Parameters<typeof startProvider>[0]

/** A body that no reader and printer of JSON would leave as it is. */
const BODY =
  '{ "model":"claude-opus-5-5" ,"max_tokens":100.0,\t"x_new":1e400,"messages":[{"role":"user","content":"\\u0041\\u0000"}]}'
const STREAMING = BODY.replace('"max_tokens"', '"stream":true,"max_tokens"')
const BEGUN = WHOLE_STREAM.slice(0, 4).join('')

function ask(body: string | Buffer = STREAMING, headers: readonly string[] = [], path = '/v1/messages?beta=true') {
  return send(`${gateway.url}${path}`, {
    headers: ['x-api-key', KEY, 'content-type', 'application/json', ...headers],
    body,
  })
}

const begin: Turn = (_request, response) => response.writeHead(200, EVENT_STREAM).write(BEGUN)

/** The only transcript, once its exchange is written down. */
async function kept(): Promise<Remembered> {
  await gateway.recorded(1)
  expect(gateway.transcripts).toHaveLength(1)
  expect(gateway.transcripts[0]!.ends).toHaveLength(1)
  return gateway.transcripts[0]!
}

/** Retries do not pause. */
const AT_ONCE = { random: () => 0 }

function text(pieces: readonly Buffer[]): string {
  return Buffer.concat(pieces).toString('latin1')
}

describe('the exact bytes are kept', () => {
  test.for([
    { road: 'a plain answer', body: BODY },
    { road: 'a stream', body: STREAMING },
  ])('of $road', async ({ body }) => {
    await start(serve)
    const answer = await ask(body).answer
    const { request, response, ends, upstreamRequests, upstreamErrors } = await kept()
    expect(request.toString()).toBe(body)
    expect(text(response)).toBe(answer.body.toString('latin1'))
    expect(ends[0]).toMatchObject({ method: 'POST', path: '/v1/messages?beta=true', status: 200, error: undefined })
    expect([...upstreamRequests, ...upstreamErrors]).toEqual([])
    expect(gateway.records[0]).toMatchObject({ bodyState: 'full', shelf: '30d-20261123' })
  })

  test('of a compressed request, as it was before', async () => {
    await start((_request, response) => response.end(WHOLE_JSON))
    await ask(gzipSync(BODY), ['content-encoding', 'gzip']).answer
    const { request, upstreamRequests } = await kept()
    expect(request.toString()).toBe(BODY)
    expect(upstreamRequests).toEqual([])
  })

  test('of a stream whose client leaves, as far as it came', async () => {
    await start(begin)
    const running = ask()
    await running.firstBytes
    running.leave()
    await running.answer.catch(() => undefined)
    const { response, ends } = await kept()
    expect(text(response)).toBe(Buffer.from(BEGUN).toString('latin1'))
    expect(ends[0]).toMatchObject({ status: 200, error: undefined })
  })

  test('of a request whose client leaves before any answer', async () => {
    let arrived = () => {}
    const asked = new Promise<void>((resolve) => (arrived = resolve))
    await start(() => arrived())
    const running = ask()
    await asked
    running.leave()
    await running.answer.catch(() => undefined)
    const { request, response, ends } = await kept()
    expect(request.toString()).toBe(STREAMING)
    expect(response).toEqual([])
    expect(ends[0]).toMatchObject({ status: 0, responseHeaders: [], error: undefined })
  })

  test.for([
    { where: 'between two events', said: BEGUN },
    { where: 'inside an event', said: `${BEGUN}event: content_block_delta\ndata: {"ty` },
  ])('of a stream that its upstream breaks $where, with the last words of the gateway', async ({ said }) => {
    await start((request, response) => {
      response.writeHead(200, EVENT_STREAM).write(said, () => request.socket.destroy())
    })
    const answer = await ask().answer
    const { response, ends } = await kept()
    expect(text(response)).toBe(answer.body.toString('latin1'))
    expect(answer.body.includes('event: error')).toBe(said === BEGUN)
    expect(ends[0]).toMatchObject({ status: 200, error: { code: 'upstream.broken' } })
  })

  test('of a refusal', async () => {
    await start(serve)
    const answer = await ask(BODY, ['x-portkey-provider', '@nobody']).answer
    expect(answer.status).toBeGreaterThanOrEqual(400)
    const { request, response, ends } = await kept()
    expect(request.toString()).toBe(BODY)
    expect(text(response)).toBe(answer.body.toString('latin1'))
    expect(ends[0]).toMatchObject({ status: answer.status, error: { code: 'provider.unknown' } })
    expect(header(ends[0]!.responseHeaders, 'request-id')).toBe(header(answer.headers, 'request-id'))
  })

  test('of a stream whose key is taken away', async () => {
    const lookups: Record<string, KeyLookup> = { [KEY]: { state: 'active', caller: CALLER } }
    await start(begin, { lookups })
    const running = ask()
    await running.firstBytes
    lookups[KEY] = { state: 'revoked' }
    gateway.keysChanged()
    const answer = await running.answer
    const { response, ends } = await kept()
    expect(text(response)).toBe(answer.body.toString('latin1'))
    expect(ends[0]).toMatchObject({ status: 200, error: { code: 'key.revoked' } })
  })

  test('of a stream with pings of the gateway in it', async () => {
    const clock = createManualClock()
    let finish = () => {}
    await start(
      (_request, response) => {
        response.writeHead(200, EVENT_STREAM).write(BEGUN)
        finish = () => void response.end(WHOLE_STREAM.slice(4).join(''))
      },
      { clock },
    )
    const running = ask()
    await running.firstBytes
    clock.advance(15_000)
    finish()
    const answer = await running.answer
    expect(answer.body.includes('{"type": "ping"}')).toBe(true)
    const { response } = await kept()
    expect(text(response)).toBe(answer.body.toString('latin1'))
  })

  test('of an error that the provider told, which the client gets as well', async () => {
    await start(refuseWith(429))
    const answer = await ask().answer
    const { response, upstreamErrors, ends } = await kept()
    expect(text(response)).toBe(answer.body.toString('latin1'))
    expect(upstreamErrors).toEqual([[0, Buffer.from(envelope('some_error'))]])
    expect(ends[0]).toMatchObject({ status: 429, error: undefined })
  })
})

describe('what goes up is kept where it differs', () => {
  test('a body that had to be edited, under the number of its call', async () => {
    await start(serve)
    await ask(BODY.replace('claude-opus-5-5', '@prod/claude-opus-5-5')).answer
    const { request, upstreamRequests } = await kept()
    expect(request.toString()).toContain('@prod/claude-opus-5-5')
    expect(upstreamRequests).toEqual([[0, provider.requests[0]!.body]])
  })

  test('every call of an exchange, and every answer that nobody saw', async () => {
    let calls = 0
    await start((request, response, body) => {
      calls++
      if (calls < 3) refuseWith(529, `try ${calls}`)(request, response, body)
      else serve(request, response, body)
    }, AT_ONCE)
    const config = { provider: '@prod', retry: { attempts: 2 }, override_params: { temperature: 0 } }
    await ask(BODY, ['x-portkey-config', JSON.stringify(config)]).answer
    const { upstreamRequests, upstreamErrors, response } = await kept()
    expect(upstreamRequests).toEqual(provider.requests.map(({ body }, ordinal) => [ordinal, body]))
    expect(upstreamErrors).toEqual([
      [0, Buffer.from(envelope('some_error', 'try 1'))],
      [1, Buffer.from(envelope('some_error', 'try 2'))],
    ])
    expect(text(response)).toBe(WHOLE_JSON)
  })

  test('an error without an end is kept no further than 64 KB', async () => {
    await start((_request, response) => {
      response.writeHead(401, { 'content-type': 'text/plain' }).end(Buffer.alloc(300_000, 'x'))
    })
    await ask().answer
    const { upstreamErrors } = await kept()
    expect(upstreamErrors.map(([, bytes]) => bytes.length <= 65_536)).toEqual([true])
  })
})

describe('what is said of an exchange', () => {
  test('its session, whose it is and what its caller has decided', async () => {
    await start(serve)
    await ask(BODY, ['x-claude-code-session-id', 'one', 'x-claude-code-agent-id', 'agent']).answer
    const session = sessionKey(CALLER.workspaceId, CALLER.userId!, 'one')
    expect((await kept()).opening).toMatchObject({
      exchangeId: gateway.records[0]!.id,
      endpoint: 'messages',
      workspaceId: CALLER.workspaceId,
      scope: session,
      agentId: 'agent',
      receivedAt: gateway.records[0]!.receivedAt,
      rules: DEFAULT_RECORD_RULES,
    })
    expect(gateway.records[0]).toMatchObject({ sessionKey: session, sessionId: 'one' })
  })

  test('a trace that the client names is its session where nothing else is', async () => {
    await start(serve)
    await ask(BODY, ['x-portkey-trace-id', 'my-trace']).answer
    expect((await kept()).opening.scope).toBe(sessionKey(CALLER.workspaceId, CALLER.userId!, 'my-trace'))
    expect(gateway.records[0]).toMatchObject({ sessionId: 'my-trace', traceId: 'my-trace' })
  })

  test('without a session it is filed under its key', async () => {
    await start(serve)
    await ask(BODY).answer
    expect((await kept()).opening.scope).toBe(`key_${CALLER.keyId}`)
    expect(gateway.records[0]!.sessionKey).toBeUndefined()
  })

  test('its headers, without a secret', async () => {
    await start(serve)
    const secrets = ['cookie', 'a=hidden', 'X-Corp-Token', 'hidden', 'x-mine', 'hidden']
    await ask(BODY, [...secrets, 'x-portkey-sensitive-headers', 'X-Mine', 'x-new', 'seen']).answer
    const { requestHeaders, responseHeaders } = (await kept()).ends[0]!
    expect(JSON.stringify(requestHeaders)).not.toMatch(/hidden|pcl_/)
    expect(header(requestHeaders, 'x-new')).toBe('seen')
    expect(header(requestHeaders, 'x-api-key')).toBe('********')
    expect(header(responseHeaders, 'request-id')).toBe(gateway.records[0]!.id)
    expect(header(responseHeaders, 'content-type')).toBe('application/json')
  })
})

describe('nothing is kept', () => {
  test('of a request that says x-portkey-debug: false', async () => {
    await start(serve)
    expect((await ask(STREAMING, ['x-portkey-debug', 'False']).answer).status).toBe(200)
    await gateway.recorded(1)
    expect(gateway.transcripts).toEqual([])
    expect(gateway.records[0]).toMatchObject({ bodyState: 'metadata', shelf: undefined })
  })

  test('of a caller whose rules say so', async () => {
    await start(serve, { caller: { records: { ...DEFAULT_RECORD_RULES, content: 'metadata' } } })
    await ask().answer
    await gateway.recorded(1)
    expect(gateway.transcripts).toEqual([])
    expect(gateway.records[0]).toMatchObject({ bodyState: 'metadata' })
  })

  test('of somebody whom nobody knows', async () => {
    await start(serve)
    await send(`${gateway.url}/v1/messages`, { headers: ['x-api-key', 'pcl_other'], body: BODY }).answer
    await gateway.recorded(1)
    expect(gateway.transcripts).toEqual([])
    expect(gateway.records[0]).toMatchObject({ bodyState: 'none' })
  })
})

describe('whoever keeps content can harm no exchange', () => {
  const BROKEN = new Error('broken')
  const breaks = (): never => {
    throw BROKEN
  }
  const whole = { state: 'full', shelf: '30d-20261123' } as const

  test.for([
    { at: 'the beginning', transcripts: { begin: breaks } },
    ...(['upstreamRequest', 'upstreamError', 'response', 'end'] as const).map((name) => ({
      at: name,
      transcripts: { begin: () => ({ ...NO_TRANSCRIPT, ...whole, [name]: breaks }) },
    })),
    {
      at: 'everything',
      transcripts: {
        begin: () => ({ ...whole, upstreamRequest: breaks, upstreamError: breaks, response: breaks, end: breaks }),
      },
    },
  ] satisfies { at: string; transcripts: Transcripts }[])(
    'one that breaks at $at is told of once',
    async ({ transcripts }) => {
      let calls = 0
      await start((request, response, body) => (++calls === 1 ? refuseWith(529) : serve)(request, response, body), {
        transcripts,
        ...AT_ONCE,
      })
      const config = { provider: '@prod', retry: { attempts: 1 }, override_params: { temperature: 0 } }
      const answer = await ask(STREAMING, ['x-portkey-config', JSON.stringify(config)]).answer
      expect(answer.body.toString()).toBe(WHOLE_STREAM.join(''))
      await gateway.recorded(1)
      expect(gateway.transcriptProblems).toEqual([BROKEN])
      expect(gateway.records[0]).toMatchObject({ outcome: 'completed', bodyState: 'dropped', shelf: undefined })
      expect(gateway.entries.map(({ closing }) => closing?.outcome)).toEqual(['failed', 'completed'])
    },
  )

  test('one that takes nothing says so in the record, and the exchange goes on', async () => {
    await start(serve, { transcripts: { begin: () => ({ ...NO_TRANSCRIPT, state: 'dropped' }) } })
    expect((await ask().answer).body.toString()).toBe(WHOLE_STREAM.join(''))
    await gateway.recorded(1)
    expect(gateway.records[0]).toMatchObject({ outcome: 'completed', bodyState: 'dropped', shelf: undefined })
  })
})
