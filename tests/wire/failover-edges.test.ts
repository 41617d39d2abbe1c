import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { GatewayError } from '../../src/core/errors.ts'
import { header } from '../../src/core/headers.ts'
import type { Adapter, Signer } from '../../src/providers/adapter.ts'
import { anthropicAdapter } from '../../src/providers/anthropic.ts'
import { send } from '../../src/testing/http.ts'
import { CREDENTIAL, EVENT_STREAM, KEY, WHOLE_STREAM } from './data-plane.ts'
import {
  type Act,
  FALLBACK,
  ask,
  calls,
  envelope,
  gateway,
  portkey,
  refuseWith,
  serve,
  served,
  startThree,
  stopThree,
} from './three-targets.ts'

afterEach(stopThree)

const KEY_LINE = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7'

test.each([
  ['a line of a key file', KEY_LINE],
  ['a session token', 'session-token-of-the-company'],
  ['a client secret', 'secret-of-the-application'],
])('%s that an error repeats is not passed on', async (_name, secret) => {
  const credential = {
    key: 'sk-of-the-company',
    aws_session_token: 'session-token-of-the-company',
    azure_entra_client_secret: 'secret-of-the-application',
    vertex_service_account_json: JSON.stringify({
      client_email: 'gateway@project.example',
      private_key: `-----BEGIN TEST KEY-----\n${KEY_LINE}\n-----END TEST KEY-----\n`,
    }),
  }
  await startThree([refuseWith(400, `bad: ${secret}`)], { upstream: { credential: () => credential } })
  const answer = await ask({ config: { provider: '@prod' } }).answer
  expect(header(answer.headers, 'x-portcullis-error')).toBe('upstream.repeated_credential')
  expect(answer.body.toString()).not.toContain(secret)
})

test.each([
  ['authorization', 'Bearer ', 'token-of-the-next-hour'],
  ['x-amz-security-token', '', 'session-of-the-next-hour'],
])('what was got for a credential and travels as %s is not passed on either', async (name, scheme, token) => {
  const signer: Signer = { sign: (request) => ({ ...request, headers: [...request.headers, name, scheme + token] }) }
  await startThree([refuseWith(400, `bad: ${token}`)], { signer, upstream: { credential: () => undefined } })
  const answer = await ask({ config: { provider: '@prod' } }).answer
  expect(header(answer.headers, 'x-portcullis-error')).toBe('upstream.repeated_credential')
  expect(answer.body.toString()).not.toContain(token)
})

test.each([
  ['alone', { provider: '@prod' }, [/^.*$/s]],
  ['with others behind it', FALLBACK, [/^.*$/s]],
  ['in two pieces', { provider: '@prod' }, [/^.{20}/s, /(?<=^.{20}).*$/s]],
  ['behind the beginning of an answer', { provider: '@prod' }, [/^.*$/s]],
])('a credential in the error event of a stream is not passed on: %s', async (name, config, pieces) => {
  const error = `event: error\ndata: ${envelope('api_error', `bad: ${CREDENTIAL}`)}\n\n`
  const act: Act = (_request, response) => {
    response.writeHead(200, EVENT_STREAM)
    if (name.startsWith('behind')) response.write(WHOLE_STREAM.slice(0, 4).join(''))
    for (const piece of pieces) response.write(piece.exec(error)?.[0])
    response.end()
  }
  await startThree([act, act, act])
  const answer = await ask({ config }).answer
  expect(answer.body.toString()).toContain('repeats the gateway’s own credential')
  expect(answer.body.toString()).not.toContain(CREDENTIAL)
})

test.each([0, 9, CREDENTIAL.length])(
  'nor far behind the beginning of a long error, cut after %i letters',
  async (at) => {
    const act: Act = (_request, response) => {
      const rest = () => response.end(`${CREDENTIAL.slice(at)} and more`)
      response
        .writeHead(400, { 'content-type': 'text/plain' })
        .write('x'.repeat(70_000) + CREDENTIAL.slice(0, at), rest)
    }
    await startThree([act])
    const answer = await ask({ config: { provider: '@prod' } }).answer
    expect(answer.body.toString()).not.toContain(CREDENTIAL)
  },
)

test('a long error without one comes whole', async () => {
  const text = 'x'.repeat(200_000)
  await startThree([(_request, response) => response.writeHead(400, { 'content-type': 'text/plain' }).end(text)])
  expect((await ask({ config: { provider: '@prod' } }).answer).body.toString()).toBe(text)
})

test('an error event reaches the client at once, also when the stream stays open behind it', async () => {
  const error = `event: error\ndata: ${envelope('overloaded_error')}\n\n`
  await startThree([(_request, response) => response.writeHead(200, EVENT_STREAM).write(error)])
  const exchange = ask({ config: { provider: '@prod' } })
  expect((await exchange.firstBytes).toString()).toBe(error)
  exchange.leave()
})

test('a name in a key file is no secret', async () => {
  const credential = { vertex_service_account_json: '{"client_email":"gateway@project.example","private_key":""}' }
  await startThree([refuseWith(400, 'gateway@project.example may not')], { upstream: { credential: () => credential } })
  expect((await ask({ config: { provider: '@prod' } }).answer).status).toBe(400)
})

test('a count of tokens goes the same way as a message', async () => {
  await startThree([
    refuseWith(529),
    (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"input_tokens":9}'),
  ])
  const answer = await send(`${gateway.url}/v1/messages/count_tokens`, {
    headers: ['x-api-key', KEY, 'content-type', 'application/json', 'x-portkey-config', JSON.stringify(FALLBACK)],
    body: '{"model":"claude-opus-5-5","messages":[]}',
  }).answer
  expect([answer.status, answer.body.toString()]).toEqual([200, '{"input_tokens":9}'])
  expect(calls()).toEqual([1, 1])
})

test('an answer that a dialect gives by itself costs no call', async () => {
  const body = Buffer.from('{"input_tokens":9}')
  const answerItself = () => ({ status: 200, headers: ['content-type', 'application/json'], body })
  await startThree([serve], { adapter: { ...anthropicAdapter, answerItself } })
  const answer = await ask({ config: { provider: '@prod' }, stream: false }).answer
  await gateway.recorded(1)
  expect([answer.status, answer.body.toString()]).toEqual([200, '{"input_tokens":9}'])
  expect([calls(), gateway.entries]).toEqual([[0], []])
  expect(gateway.records[0]).toMatchObject({ attempts: 0, costNanos: 0n, outcome: 'completed' })
})

test('a stream that came compressed passes as it came', async () => {
  const compressed = gzipSync(WHOLE_STREAM.join(''))
  await startThree([
    (_request, response) => response.writeHead(200, { ...EVENT_STREAM, 'content-encoding': 'gzip' }).end(compressed),
    serve,
  ])
  expect((await ask().answer).body).toEqual(compressed)
  expect(calls()).toEqual([1, 0])
})

test('a retry that is used up leaves the next target, whose own count begins anew', async () => {
  await startThree([refuseWith(529), serve], { random: () => 0 })
  const answer = await ask({
    config: { ...FALLBACK, targets: [{ provider: '@prod', retry: { attempts: 2 } }, { provider: '@second' }] },
  }).answer
  await gateway.recorded(1)
  expect(answer.body.toString()).toBe(served(true))
  expect(portkey(answer.headers, 'retry-attempt-count')).toBe('0')
  expect(calls()).toEqual([3, 1])
  expect(gateway.records[0]!.route.map(({ result }) => result)).toEqual(['retried', 'retried', 'failed', 'answered'])
  expect(gateway.records[0]).toMatchObject({ retries: 0, attempts: 4 })
})

test('a refusal that goes on for longer than an error does is passed as it comes', async () => {
  const long = Buffer.alloc(200_000, 'x')
  await startThree([(_request, response) => response.writeHead(429, { 'content-type': 'text/plain' }).end(long)])
  const answer = await ask({ config: { provider: '@prod' } }).answer
  expect([answer.status, answer.body.length]).toEqual([429, 200_000])
})

test('a page of 401 without an end is one clean refusal', async () => {
  const long = Buffer.alloc(200_000, 'x')
  await startThree([(_request, response) => response.writeHead(401).end(long)])
  const answer = await ask({ config: { provider: '@prod' } }).answer
  expect([answer.status, header(answer.headers, 'x-portcullis-error')]).toEqual([502, 'upstream.credential_rejected'])
})

test('a way that could not be gone has no say about the one that failed before it', async () => {
  await startThree([refuseWith(529)])
  const config = { ...FALLBACK, targets: [{ provider: '@prod' }, { provider: '@gone' }] }
  const answer = await ask({ config }).answer
  expect([answer.status, portkey(answer.headers, 'last-used-option-index')]).toEqual([529, 'config.targets[0]'])
})

test('nor has a target that cannot serve the request, where the client cannot help it', async () => {
  const adapter: Adapter = {
    ...anthropicAdapter,
    encode(call, upstream) {
      if (upstream.slug === 'second') throw new GatewayError('target.incapable', 'container: not available here')
      return anthropicAdapter.encode(call, upstream)
    },
  }
  await startThree([refuseWith(529), serve], { adapter })
  const answer = await ask({ config: { ...FALLBACK, targets: FALLBACK.targets.slice(0, 2) } }).answer
  expect([answer.status, portkey(answer.headers, 'last-used-option-index')]).toEqual([529, 'config.targets[0]'])
})
