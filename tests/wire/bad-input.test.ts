import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { header } from '../../src/core/headers.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { type HttpAnswer, send } from '../../src/testing/http.ts'
import { CALLER, EVENT_STREAM, KEY, WHOLE_STREAM, gateway, provider, start, stop } from './data-plane.ts'

let ledgerFailure: Error | undefined

beforeEach(async () => {
  ledgerFailure = undefined
  await start((_request, response) => response.writeHead(200, EVENT_STREAM).end(WHOLE_STREAM.join('')), {
    bodyBytesMax: 64 * 1024,
    upstream: {
      allows: (model) => !model.startsWith('claude-forbidden'),
      models: ['claude-opus-5-5', 'claude-sonnet-5-5'],
    },
    ledgerFails: () => ledgerFailure,
    lookups: {
      pcl_revoked: { state: 'revoked' },
      pcl_readonly: { state: 'active', caller: { ...CALLER, scopes: new Set(['logs.view']) } },
      pcl_homeless: { state: 'active', caller: { ...CALLER, defaultProvider: undefined } },
    },
  })
})

afterEach(stop)

const GOOD = '{"model":"claude-opus-5-5","max_tokens":5,"messages":[],"stream":true}'

interface Situation {
  readonly body?: string | Buffer
  readonly key?: string
  readonly headers?: readonly string[]
  readonly path?: string
  readonly method?: string
}

function ask({
  body = GOOD,
  key = KEY,
  headers = ['content-type', 'application/json'],
  path = '/v1/messages',
  method = 'POST',
}: Situation) {
  return send(`${gateway.url}${path}`, { method, headers: ['authorization', `Bearer ${key}`, ...headers], body }).answer
}

/** Every refusal has the Anthropic envelope, a request id in two places that agree, and a code of the catalogue. */
function expectRefusal(answer: HttpAnswer, status: number, code: string, text: RegExp): void {
  const envelope = JSON.parse(answer.body.toString()) as {
    type: string
    error: { message: string }
    request_id: string
  }
  expect({ status: answer.status, code: header(answer.headers, 'x-portcullis-error') }).toEqual({ status, code })
  expect(envelope.type).toBe('error')
  expect(envelope.error.message).toMatch(text)
  expect(envelope.request_id).toBe(header(answer.headers, 'request-id'))
  expect(provider.requests).toHaveLength(0)
}

describe('a bad request gets one clear error, and no upstream call', () => {
  const json = ['content-type', 'application/json']
  const rows: [name: string, situation: Situation, status: number, code: string, text: RegExp][] = [
    ['no body', { body: '' }, 400, 'request.malformed', /no body/],
    ['truncated JSON', { body: GOOD.slice(0, -5) }, 400, 'request.malformed', /valid JSON object/],
    ['something after the object', { body: `${GOOD} x` }, 400, 'request.malformed', /valid JSON object/],
    ['an array', { body: '[]' }, 400, 'request.malformed', /valid JSON object/],
    [
      'nesting without end',
      { body: `{"model":"m","messages":${'['.repeat(5_000)}` },
      400,
      'request.malformed',
      /valid JSON object/,
    ],
    [
      'the model twice',
      { body: '{"model":"a","model":"b"}' },
      400,
      'request.malformed',
      /model: stands more than once/,
    ],
    [
      'other models twice',
      { body: '{"model":"a","fallbacks":[{"model":"b"}],"fallb\\u0061cks":[]}' },
      400,
      'request.malformed',
      /fallbacks: stands more than once/,
    ],
    [
      'a faster and dearer answer, or not',
      { body: '{"model":"a","speed":"fast","speed":"standard"}' },
      400,
      'request.malformed',
      /speed: stands more than once/,
    ],
    [
      'the model twice, once spelt with an escape',
      { body: '{"model":"a","mod\\u0065l":"b"}' },
      400,
      'request.malformed',
      /more than once/,
    ],
    ['no model', { body: '{"messages":[]}' }, 400, 'model.missing', /model: Field required/],
    ['a model that is a number', { body: '{"model":5}' }, 400, 'model.missing', /valid string/],
    [
      'a model that is not allowed',
      { body: '{"model":"claude-forbidden-1"}' },
      400,
      'model.not_allowed',
      /Allowed: claude-opus-5-5.*\/model claude-opus-5-5/,
    ],
    [
      'a body over the limit',
      { body: `{"model":"m","x":"${'y'.repeat(70_000)}"}` },
      413,
      'request.too_large',
      /larger than/,
    ],
    [
      'a bomb',
      {
        body: gzipSync(`{"model":"m","x":"${'y'.repeat(9_000_000)}"}`),
        headers: [...json, 'content-encoding', 'gzip'],
      },
      413,
      'request.too_large',
      /decompressed/,
    ],
    [
      'a body that is not what it says',
      { headers: [...json, 'content-encoding', 'gzip'] },
      400,
      'request.malformed',
      /cannot be decompressed/,
    ],
    [
      'an unknown compression',
      { headers: [...json, 'content-encoding', 'snappy'] },
      415,
      'request.unsupported_type',
      /snappy/,
    ],
    [
      'a form',
      { headers: ['content-type', 'application/x-www-form-urlencoded'] },
      415,
      'request.unsupported_type',
      /application\/json/,
    ],
    ['a revoked key', { key: 'pcl_revoked' }, 401, 'key.revoked', /revoked/],
    ['an unknown key', { key: 'pcl_unknown' }, 401, 'key.unknown', /does not know/],
    ['a key without the right', { key: 'pcl_readonly' }, 403, 'key.scope', /completions\.write/],
    [
      'an unknown provider in the header',
      { headers: [...json, 'x-portkey-provider', '@nowhere'] },
      400,
      'provider.unknown',
      /@nowhere.*Known here: @prod/,
    ],
    ['an unknown provider in the model', { body: '{"model":"@nowhere/m"}' }, 400, 'provider.unknown', /@nowhere/],
    [
      'a provider without @',
      { headers: [...json, 'x-portkey-provider', 'anthropic'] },
      400,
      'provider.unknown',
      /has no @/,
    ],
    ['no provider at all', { key: 'pcl_homeless' }, 400, 'provider.missing', /x-portkey-provider/],
    [
      'a Config that nobody saved',
      { headers: [...json, 'x-portkey-config', 'pc-x'] },
      400,
      'config.unknown',
      /has no config pc-x/,
    ],
    [
      'a host of the caller’s choosing',
      { headers: [...json, 'x-portkey-custom-host', 'https://evil.example'] },
      400,
      'config.invalid',
      /cannot choose the host/,
    ],
    [
      'metadata that is not JSON',
      { headers: [...json, 'x-portkey-metadata', 'project=payments'] },
      400,
      'request.malformed',
      /x-portkey-metadata/,
    ],
    [
      'metadata with a number',
      { headers: [...json, 'x-portkey-metadata', '{"a":1}'] },
      400,
      'request.malformed',
      /a must be a string/,
    ],
    [
      'a base URL that ends in /v1',
      { path: '/v1/v1/messages?beta=true' },
      421,
      'request.wrong_base_url',
      /Remove \/v1/,
    ],
    [
      'an unknown path',
      { path: '/v1/threads', headers: [...json, 'anthropic-version', '2023-06-01'] },
      404,
      'request.not_found',
      /\/v1\/threads/,
    ],
    [
      'a path that cannot be decoded',
      { path: '/v1/messages/%zz', headers: [...json, 'anthropic-version', '2023-06-01'] },
      404,
      'request.not_found',
      /%zz does not exist/,
    ],
    [
      'a wrong path with two megabytes',
      { path: '/v1/v1/messages', body: ' '.repeat(2_000_000) },
      421,
      'request.wrong_base_url',
      /Remove \/v1/,
    ],
    ['a wrong path with what is no JSON', { path: '/v1/v1/messages', body: '<' }, 421, 'request.wrong_base_url', /./],
    ['the wrong method', { method: 'PUT' }, 405, 'request.method', /send POST/],
    ['the wrong method with what is no JSON', { method: 'PUT', body: '<' }, 405, 'request.method', /send POST/],
  ]
  it.each(rows)('%s', async (_name, situation, status, code, text) => {
    expectRefusal(await ask(situation), status, code, text)
  })

  it('and a refusal that Claude Code should not repeat says so', async () => {
    expect(header((await ask({ key: 'pcl_revoked' })).headers, 'x-should-retry')).toBe('false')
    expect(header((await ask({ body: '{}' })).headers, 'x-should-retry')).toBeUndefined()
  })

  it('and each is in the records, with what is known of it', async () => {
    await ask({ body: '{"model":"claude-forbidden-1","stream":true}' })
    await ask({ key: 'pcl_unknown' })
    await gateway.recorded(2)
    expect(gateway.records).toMatchObject([
      {
        outcome: 'refused',
        status: 400,
        errorCode: 'model.not_allowed',
        modelAsked: 'claude-forbidden-1',
        keyId: 'key-1',
        attempts: 0,
      },
      { outcome: 'refused', status: 401, errorCode: 'key.unknown', keyId: undefined, attempts: 0 },
    ])
    expect(gateway.entries).toEqual([])
  })

  it('and the wrong method is told the right one', async () => {
    expect(header((await ask({ method: 'PUT' })).headers, 'allow')).toBe('POST')
  })

  it('and an unknown path is told to other clients in Portkey’s words', async () => {
    const answer = await ask({ path: '/v1/threads' })
    expect([answer.status, answer.body.toString()]).toEqual([404, '{"message":"Not Found","ok":false}'])
  })
})

describe('a call that cannot be written into the ledger is not made', () => {
  it('and the client is told when to come back', async () => {
    ledgerFailure = new GatewayError('gateway.ledger_unavailable', 'The gateway cannot write its ledger.', {
      retryAfterSeconds: 5,
    })
    const answer = await ask({})
    expect(answer.status).toBe(503)
    expect(header(answer.headers, 'retry-after')).toBe('5')
    await gateway.recorded(1)
    expect(gateway.records[0]).toMatchObject({ status: 503, errorCode: 'gateway.ledger_unavailable' })
  })
})

describe('bytes that are not one honest HTTP request', () => {
  /** Sends bytes on a fresh connection and returns everything that comes back until it closes. */
  async function raw(bytes: string): Promise<string> {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    const pieces: Buffer[] = []
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    socket.on('error', () => undefined)
    // Not half-closed: Node takes that for a client that has left.
    socket.write(bytes)
    await new Promise((resolve) => socket.once('close', resolve))
    return Buffer.concat(pieces).toString()
  }
  const head = `POST /v1/messages HTTP/1.1\r\nhost: g\r\nauthorization: Bearer ${KEY}\r\ncontent-type: application/json\r\n`

  it.each([
    ['two lengths', `${head}content-length: 5\r\ncontent-length: 6\r\n\r\n{"a":1}`],
    ['a length and chunks', `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunked twice', `${head}transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
    ['a control character in a header', `${head}x-a: b\u0001c\r\ncontent-length: 0\r\n\r\n`],
    ['a header name with a space', `${head}x a: b\r\ncontent-length: 0\r\n\r\n`],
    ['not HTTP at all', 'HELO gateway\r\n\r\n'],
  ])('%s: one 400 in the Anthropic envelope, and the connection closes', async (_name, bytes) => {
    const answer = await raw(bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('"type":"error"')
    expect(answer.match(/^HTTP\/1\.1/gm)).toHaveLength(1)
    expect(provider.requests).toHaveLength(0)
  })

  it('headers without end: one 431', async () => {
    const answer = await raw(`${head}x-large: ${'y'.repeat(200_000)}\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
    expect(answer).toContain('ANTHROPIC_CUSTOM_HEADERS')
  })

  it('two requests in one write are answered one after the other', async () => {
    const one = `${head}content-length: ${GOOD.length}\r\n`
    const answer = await raw(`${one}\r\n${GOOD}${one}connection: close\r\n\r\n${GOOD}`)
    expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
    expect(answer.match(/event: message_stop/g)).toHaveLength(2)
  })

  it('a client that goes away inside its body leaves one record and no upstream call', async () => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`${head}content-length: 5000\r\n\r\n{"model":`)
    await once(socket, 'connect')
    setImmediate(() => socket.destroy())
    await gateway.recorded(1)
    expect(gateway.records[0]).toMatchObject({ outcome: 'interrupted', interruptedBy: 'client', status: 499 })
    expect(provider.requests).toHaveLength(0)
  })
})

describe('signs of life', () => {
  it.each([
    ['GET', '/livez', 200],
    ['GET', '/readyz', 200],
    ['GET', '/v1/health', 200],
    ['GET', '/api/hello', 200],
    ['HEAD', '/api/hello', 200],
  ])('%s %s needs no key', async (method, path, status) => {
    expect((await send(`${gateway.url}${path}`, { method }).answer).status).toBe(status)
  })

  it('models are listed in Anthropic’s shape for its clients and in Portkey’s for the others', async () => {
    const key = ['x-api-key', KEY]
    const anthropic = await send(`${gateway.url}/v1/models?limit=1000`, {
      method: 'GET',
      headers: [...key, 'anthropic-version', '2023-06-01'],
    }).answer
    const page = JSON.parse(anthropic.body.toString()) as { data: { id: string }[]; has_more: boolean }
    expect(page.data.map(({ id }) => id)).toContain('claude-opus-5-5')
    expect(page.has_more).toBe(false)
    const portkey = await send(`${gateway.url}/v1/models`, { method: 'GET', headers: key }).answer
    const list = JSON.parse(portkey.body.toString()) as { object: string; data: { id: string }[] }
    expect(list.object).toBe('list')
    expect(list.data.map(({ id }) => id)).toContain('@prod/claude-opus-5-5')
    expect((await send(`${gateway.url}/v1/models`, { method: 'GET' }).answer).status).toBe(401)
  })
})
