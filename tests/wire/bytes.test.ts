import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { estimateTokens } from '../../src/core/estimate-tokens.ts'
import { header } from '../../src/core/headers.ts'
import { send } from '../../src/testing/http.ts'
import type { startProvider } from './data-plane.ts'
import { CREDENTIAL, EVENT_STREAM, KEY, WHOLE_STREAM, gateway, provider, start, stop } from './data-plane.ts'

afterEach(stop)

const AS_DEVELOPER = ['authorization', `Bearer ${KEY}`, 'content-type', 'application/json'] as const

function post(body: string | Buffer, headers: readonly string[] = [], path = '/v1/messages?beta=true') {
  return send(`${gateway.url}${path}`, { headers: [...AS_DEVELOPER, ...headers], body })
}

/** Everything that a reader and a printer of JSON would change: spacing, big numbers, escapes, odd members. */
const EXACT =
  '{ "model":"claude-opus-5-5" ,\t"x_new": {"id":12345678901234567890,"e":1e400},\r\n "messages":[{"role":"user","content":"\\u0041\\ud83d\\ude00 \\u0000"}],"max_tokens":1.0, "stream":true}'

const answerWhole: Parameters<typeof startProvider>[0] = (_request, response) => {
  response.writeHead(200, EVENT_STREAM)
  for (const event of WHOLE_STREAM) response.write(event)
  response.end()
}

describe('a request reaches an Anthropic upstream byte for byte', () => {
  it('with a body that no reader and printer of JSON would leave alone', async () => {
    await start(answerWhole)
    await post(EXACT).answer
    expect(provider.requests[0]!.body.toString()).toBe(EXACT)
    expect(provider.requests[0]!.url).toBe('/v1/messages?beta=true')
  })

  it('with only @slug/ cut from the model', async () => {
    await start(answerWhole)
    await post(EXACT.replace('claude-opus-5-5', '@prod/claude-opus-5-5')).answer
    expect(provider.requests[0]!.body.toString()).toBe(EXACT)
  })

  it('also when the client compressed it, unless a byte has to change', async () => {
    await start(answerWhole)
    const compressed = gzipSync(EXACT)
    await post(compressed, ['content-encoding', 'gzip']).answer
    expect(provider.requests[0]!.body).toEqual(compressed)
    expect(header(provider.requests[0]!.headers, 'content-encoding')).toBe('gzip')
    // The estimate that stands in for what a provider does not report is made from what the provider will read.
    expect(gateway.entries[0]!.opening.fallback.usage.input).toBe(estimateTokens(Buffer.byteLength(EXACT)))

    await post(gzipSync(EXACT.replace('claude-opus-5-5', '@prod/claude-opus-5-5')), ['content-encoding', 'gzip']).answer
    expect(provider.requests[1]!.body.toString()).toBe(EXACT)
    expect(header(provider.requests[1]!.headers, 'content-encoding')).toBeUndefined()
  })

  it('also when it is large, with its length told ahead', async () => {
    await start(answerWhole)
    const body = EXACT.replace('"messages"', `"padding":"${'0123456789'.repeat(40_000)}","messages"`)
    await post(body).answer
    const { headers, body: received } = provider.requests[0]!
    expect(received.equals(Buffer.from(body))).toBe(true)
    expect(header(headers, 'content-length')).toBe(String(Buffer.byteLength(body)))
    expect(header(headers, 'transfer-encoding')).toBeUndefined()
  })

  it('with every header it does not know, in order and case, and none that is not for upstream', async () => {
    await start(answerWhole)
    const sent = [
      ...[
        'anthropic-beta',
        'a-2026-01-01,b-2026-02-02',
        'Anthropic-Version',
        '2023-06-01',
        'X-Claude-Code-Session-Id',
        's',
      ],
      ...['X-New-Header', 'one', 'x-new-header', 'two', 'anthropic-beta', 'c-2026-03-03'],
    ]
    const dropped = [
      ...[
        'x-portkey-provider',
        '@prod',
        'x-portkey-metadata',
        '{"project":"p"}',
        'cookie',
        'portcullis_session=secret',
      ],
      ...['x-forwarded-for', '10.0.0.1', 'connection', 'keep-alive, x-hop', 'x-hop', '1', 'te', 'trailers'],
    ]
    await post(EXACT, [...sent, ...dropped]).answer
    const { headers } = provider.requests[0]!
    const received = pairs(headers).filter(([name]) => !OF_CONNECTION.has(name.toLowerCase()))
    expect(received).toEqual([
      ['content-type', 'application/json'],
      ...pairs(sent),
      ['accept-encoding', 'identity'],
      ['x-api-key', CREDENTIAL],
    ])
    expect(JSON.stringify(headers)).not.toContain(KEY)
  })
})

const OF_CONNECTION = new Set(['host', 'connection', 'content-length'])

function pairs(lines: readonly string[]): [string, string][] {
  return lines.flatMap((line, at) => (at % 2 === 0 ? [[line, lines[at + 1]!] as [string, string]] : []))
}

describe('an answer reaches the client byte for byte', () => {
  const ODD = '﻿: a comment\r\n\r\nevent: new_kind\r\ndata: {"x": 1}\r\n\r\ndata: without a name\n\n'

  it.each([
    ['events one by one', [...WHOLE_STREAM]],
    ['unknown events, comments and CRLF among them', [ODD, ...WHOLE_STREAM]],
    ['cut inside a character and between CR and LF', cutEverywhere(ODD + WHOLE_STREAM.join(''), 7)],
    ['cut at every byte', cutEverywhere(WHOLE_STREAM.join(''), 1)],
  ])('%s', async (_situation, pieces) => {
    await start((_request, response) => {
      response.writeHead(200, EVENT_STREAM)
      response.socket!.setNoDelay(true)
      writeInTurn(pieces, response)
    })
    const answer = await post(EXACT).answer
    expect(answer.body).toEqual(Buffer.concat(pieces.map((piece) => Buffer.from(piece))))
    expect(answer.whole).toBe(true)
    expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'completed', usage: { input: 25, output: 7 } })
  })

  it('a plain JSON answer, and a JSON answer to a request for a stream', async () => {
    const json =
      '{"type":"message", "model":"claude-opus-5-5","stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":4}}'
    await start((_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(json))
    expect((await post(EXACT).answer).body.toString()).toBe(json)
    expect((await post(EXACT.replace('true', 'false')).answer).body.toString()).toBe(json)
    expect(gateway.entries.map(({ closing }) => closing?.usage)).toMatchObject([
      { input: 3, output: 4 },
      { input: 3, output: 4 },
    ])
  })

  it('an answer that was compressed although plain was asked for, metered all the same', async () => {
    const compressed = gzipSync(WHOLE_STREAM.join(''))
    await start((_request, response) => {
      response.writeHead(200, { ...EVENT_STREAM, 'content-encoding': 'gzip' })
      writeInTurn(cutBuffer(compressed, 50), response)
    })
    const answer = await post(EXACT).answer
    expect(answer.body).toEqual(compressed)
    expect(header(answer.headers, 'content-encoding')).toBe('gzip')
    expect(gunzipSync(answer.body).toString()).toBe(WHOLE_STREAM.join(''))
    expect(gateway.entries[0]!.closing).toMatchObject({
      outcome: 'completed',
      estimated: false,
      usage: { input: 25, output: 7 },
    })
  })

  it.each([400, 402, 404, 413, 429, 500, 503, 529])(
    'an upstream’s own %i, with its body and its advice',
    async (status) => {
      const body = `{"type":"error","error":{"type":"some_error","message":"the provider’s own words"} ,"request_id":"req_x"}`
      await start((_request, response) =>
        response
          .writeHead(status, { 'content-type': 'application/json', 'retry-after': '7', 'x-should-retry': 'true' })
          .end(body),
      )
      const answer = await post(EXACT).answer
      expect(answer.status).toBe(status)
      expect(answer.body.toString()).toBe(body)
      expect(header(answer.headers, 'retry-after')).toBe('7')
      expect(header(answer.headers, 'x-should-retry')).toBe('true')
      expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'failed', costNanos: 0n, upstreamStatus: status })
    },
  )

  it('without the quota, the account and the cookies of the provider, and under a request id of our own', async () => {
    await start((_request, response) => {
      response.writeHead(200, {
        ...EVENT_STREAM,
        'anthropic-ratelimit-requests-remaining': '3',
        'anthropic-ratelimit-unified-status': 'allowed',
        'anthropic-organization-id': 'org-of-the-company',
        'set-cookie': 'a=b',
        connection: 'keep-alive, X-Hop',
        'x-hop': 'of one connection',
        'x-api-key': CREDENTIAL,
        'x-new-header': 'kept',
      })
      response.end(WHOLE_STREAM.join(''))
    })
    const { headers } = await post(EXACT).answer
    const names = pairs(headers).map(([name]) => name.toLowerCase())
    expect(names.filter((name) => /ratelimit|organization|set-cookie|x-hop|x-api-key/.test(name))).toEqual([])
    expect(header(headers, 'x-new-header')).toBe('kept')
    expect(header(headers, 'request-id')).toMatch(/^req_[\da-f]{32}$/)
    expect(names.filter((name) => name === 'request-id')).toHaveLength(1)
    expect(gateway.records[0]).toMatchObject({ id: header(headers, 'request-id'), upstreamRequestId: 'req_upstream' })
  })
})

/** One piece after the other, each as a chunk of its own. */
function writeInTurn(pieces: readonly (string | Buffer)[], response: import('node:http').ServerResponse): void {
  const [first, ...rest] = pieces
  if (first === undefined) response.end()
  else response.write(first, () => writeInTurn(rest, response))
}

function cutEverywhere(text: string, size: number): Buffer[] {
  return cutBuffer(Buffer.from(text), size)
}

function cutBuffer(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return pieces
}

describe('the record of an exchange', () => {
  it('tells its durations in their order, in milliseconds of at most three places', async () => {
    await start(answerWhole)
    await post(EXACT).answer
    await gateway.recorded(1)
    const { queueMs, connectMs, firstByteMs, firstTokenMs, totalMs, overheadMs } = gateway.records[0]!
    const inOrder = [0, queueMs!, queueMs! + connectMs!, firstByteMs!, firstTokenMs!, totalMs]
    // Each is rounded by itself, so two that lie together may swap by a microsecond.
    for (const [at, duration] of inOrder.entries())
      expect(duration).toBeGreaterThanOrEqual((inOrder[at - 1] ?? 0) - 0.002)
    expect(overheadMs).toBeLessThanOrEqual(totalMs)
    for (const duration of [queueMs, connectMs, firstByteMs, firstTokenMs, totalMs, overheadMs]) {
      expect(String(duration)).toMatch(/^\d+(?:\.\d{1,3})?$/)
    }
  })
})
