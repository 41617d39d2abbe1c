import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage } from '../../src/client-telemetry/otlp-messages.ts'
import { header } from '../../src/core/headers.ts'
import { startGateway, type TestGateway } from '../../src/testing/gateway.ts'
import { type HttpAnswer, send } from '../../src/testing/http.ts'

/* Telemetry of clients into a whole gateway, as bytes over HTTP. */

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startGateway()
})

afterAll(() => gateway.stop())

const nanos = () => String(Date.now() * 1e6)
const text = (key: string, value: string) => ({ key, value: { stringValue: value } })

function logs(...names: string[]) {
  const logRecords = names.map((name) => ({ timeUnixNano: nanos(), attributes: [text('event.name', name)] }))
  return { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }
}

function metrics(value: number, { temporality = 1, name = 'claude_code.lines_of_code.count' } = {}) {
  const dataPoints = [{ timeUnixNano: nanos(), asInt: String(value), attributes: [text('type', 'added')] }]
  const metric = { name, sum: { aggregationTemporality: temporality, isMonotonic: true, dataPoints } }
  return { resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] }
}

interface Sent {
  readonly headers?: readonly string[]
  readonly key?: string
  readonly type?: string
}

function post(
  path: string,
  body: Buffer | object,
  { headers = [], key = gateway.key, type }: Sent = {},
): Promise<HttpAnswer> {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
  const contentType = type ?? (Buffer.isBuffer(body) ? 'application/x-protobuf' : 'application/json')
  const credential = key === '' ? [] : ['authorization', `Bearer ${key}`]
  return send(`${gateway.url}${path}`, {
    headers: [...credential, 'content-type', contentType, ...headers],
    body: bytes,
  }).answer
}

const json = ({ body }: HttpAnswer) => JSON.parse(body.toString()) as unknown

describe('what is taken', () => {
  test.each(['authorization', 'x-api-key', 'x-portkey-api-key'])('a key in %s is enough', async (name) => {
    const value = name === 'authorization' ? `Bearer ${gateway.key}` : gateway.key
    const answer = await post('/v1/logs', logs('user_prompt'), { key: '', headers: [name, value] })
    expect([answer.status, json(answer)]).toEqual([200, {}])
  })

  test.each([
    ['/v1/logs', 'LogsRequest', 'LogsResponse', logs('api_request')],
    ['/v1/metrics', 'MetricsRequest', 'MetricsResponse', metrics(3)],
  ] as const)('%s takes protobuf and answers in protobuf, packed or not', async (path, request, response, body) => {
    const bytes = encodeMessage(request, body)
    for (const answer of [
      await post(path, bytes),
      await post(path, gzipSync(bytes), { headers: ['content-encoding', 'gzip'] }),
    ]) {
      expect(answer.status).toBe(200)
      expect(header(answer.headers, 'content-type')).toBe('application/x-protobuf')
      expect(decodeMessage(response, answer.body)).toEqual({})
    }
  })

  test('JSON may be packed as well', async () => {
    const packed = gzipSync(JSON.stringify(logs('tool_result')))
    const answer = await post('/v1/logs', packed, { type: 'application/json', headers: ['content-encoding', 'gzip'] })
    expect([answer.status, json(answer)]).toEqual([200, {}])
  })

  test('a request of metrics that is sent again is added once, and another one that is like it twice', async () => {
    const { id, key } = await gateway.createKey()
    const bytes = encodeMessage('MetricsRequest', metrics(5))
    await post('/v1/metrics', bytes, { key })
    await post('/v1/metrics', bytes, { key })
    await post('/v1/metrics', metrics(5), { key })
    const read = await send(`${gateway.url}/v1/usage/client-metrics?by=none&group=key`, {
      method: 'GET',
      headers: ['x-portkey-api-key', key],
    }).answer
    const { data } = json(read) as {
      readonly data: readonly { readonly group: object; readonly lines_added: number }[]
    }
    const ofKey = data.filter(({ group }) => 'value' in group && group.value === id)
    expect(ofKey.map(({ lines_added: lines }) => lines)).toEqual([10])
  })

  test('what cannot be added up is told apart from what was taken', async () => {
    const answer = await post('/v1/metrics', metrics(3, { temporality: 2 }))
    expect(answer.status).toBe(200)
    expect(json(answer)).toEqual({
      partialSuccess: { rejectedDataPoints: '1', errorMessage: expect.stringContaining('delta temporality') },
    })
    const events = await post('/v1/logs', encodeMessage('LogsRequest', logs('fine', 'no name at all!')))
    expect(decodeMessage('LogsResponse', events.body)).toMatchObject({ partialSuccess: { rejectedLogRecords: '1' } })
  })
})

describe('what is refused', () => {
  test.each([
    ['no key', logs('a'), { key: '' }, 401],
    ['a key that nobody knows', logs('a'), { key: `pcl_${'x'.repeat(48)}` }, 401],
    ['an unknown coding', metrics(1), { headers: ['content-encoding', 'br'] }, 415],
    ['another content type', metrics(1), { type: 'text/plain' }, 415],
    ['what gzip did not pack', metrics(1), { headers: ['content-encoding', 'gzip'] }, 400],
    ['what is no protobuf', Buffer.from([0xff, 0xff, 0xff]), {}, 400],
    ['what is no JSON', Buffer.from('{"resourceMetrics":[}'), { type: 'application/json' }, 400],
    [
      'JSON that is too deep',
      Buffer.from(`{"resourceMetrics":${'['.repeat(60)}${']'.repeat(60)}}`),
      { type: 'application/json' },
      400,
    ],
    ['too much', Buffer.alloc(4 * 1024 * 1024 + 1), {}, 413],
    [
      'little that becomes too much',
      gzipSync(Buffer.alloc(64 * 1024 * 1024)),
      { headers: ['content-encoding', 'gzip'] },
      413,
    ],
  ] as [string, Buffer | object, Sent, number][])('%s', async (_what, body, sent, status) => {
    const path = 'resourceLogs' in body ? '/v1/logs' : '/v1/metrics'
    const answer = await post(path, body, sent)
    expect(answer.status).toBe(status)
    if (path === '/v1/metrics') {
      const isJson = header(answer.headers, 'content-type') === 'application/json'
      const told = isJson ? json(answer) : decodeMessage('Status', answer.body)
      expect(told).toMatchObject({ code: expect.any(Number), message: expect.any(String) })
    }
  })

  test('an administrator’s key is none of a developer', async () => {
    expect((await post('/v1/metrics', metrics(1), { key: gateway.adminKey })).status).toBe(403)
  })
})

test('what was taken, rejected and refused is counted', async () => {
  const read = async () => {
    const headers = ['x-portkey-api-key', gateway.adminKey]
    const { body } = await send(`${gateway.url}/metrics`, { method: 'GET', headers }).answer
    return ['taken', 'rejected', 'refused'].map((state) => {
      const line = new RegExp(`^portcullis_client_telemetry\\{signal="metrics",state="${state}"\\} (\\d+)$`, 'm')
      return Number(line.exec(body.toString())?.[1])
    })
  }
  const before = await read()
  await post('/v1/metrics', metrics(1))
  await post('/v1/metrics', metrics(1, { temporality: 2 }))
  await post('/v1/metrics', Buffer.from([0xff]))
  const after = await read()
  expect(after.map((count, at) => count - before[at]!)).toEqual([1, 1, 1])
})

describe('POST /v1/logs is two things', () => {
  const handedIn = { request: { provider: 'anthropic', body: {} }, response: { status: 200, body: {} } }

  test.each([
    ['an object', handedIn],
    ['a list', [handedIn]],
    ['an object that speaks of resourceLogs later', { ...handedIn, metadata: { what: '{"resourceLogs":[]}' } }],
    ['nothing in an object', {}],
  ])('%s goes to the admin API, whole', async (_what, body) => {
    const answer = await post('/v1/logs', body)
    // This key may not hand in: the answer is the admin API's, in its own shape.
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(json(answer)).toMatchObject({ success: false })
  })

  test('a record of a megabyte that is handed in arrives whole', async () => {
    const body = {
      ...handedIn,
      metadata: { note: 'x'.repeat(100) },
      request: { ...handedIn.request, body: { text: 'y'.repeat(900_000) } },
    }
    const headers = ['x-portkey-api-key', gateway.adminKey, 'content-type', 'application/json']
    const answer = await send(`${gateway.url}/v1/logs`, { headers, body: JSON.stringify(body) }).answer
    expect(header(answer.headers, 'content-type')).toContain('application/json')
    expect(answer.body.toString()).not.toContain('not valid JSON')
  })
})
