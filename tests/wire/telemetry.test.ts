import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../../src/testing/gateway.ts'
import { send } from '../../src/testing/http.ts'
import { type OtlpCollector, startOtlpCollector } from '../../src/testing/otlp-collector.ts'

/* Telemetry out of a whole gateway, into a collector that reads it by the specification. */

let collector: OtlpCollector
let gateway: TestGateway

beforeAll(async () => {
  collector = await startOtlpCollector()
  gateway = await startGateway({
    settings: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=collector%20key',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=tests',
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    },
  })
})

afterAll(async () => {
  await gateway.stop()
  await collector.stop()
})

const SECRET_WORDS = 'the canary sings in the mine'

function ask(headers: readonly string[] = []) {
  const body = JSON.stringify({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    stream: true,
    messages: [{ role: 'user', content: SECRET_WORDS }],
  })
  return send(`${gateway.url}/v1/messages`, {
    headers: ['authorization', `Bearer ${gateway.key}`, 'content-type', 'application/json', ...headers],
    body,
  }).answer
}

test('an exchange arrives as a trace that goes on where the client’s was, and in the metrics', async () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const answer = await ask(['traceparent', traceparent, 'x-claude-code-session-id', 'session-1'])
  expect(answer.status).toBe(200)
  await collector.until(() => collector.spans.length >= 2 && collector.points.length >= 4)
  expect(collector.problems).toEqual([])
  const root = collector.spans.find(({ kind }) => kind === 2)!
  expect(root).toMatchObject({
    traceId: 'a'.repeat(32),
    parentSpanId: 'b'.repeat(16),
    name: 'POST /v1/messages',
    status: 0,
  })
  expect(root.attributes['gen_ai.conversation.id']).toMatch(/^ses_/)
  const call = collector.spans.find(({ kind }) => kind === 3)!
  expect(call).toMatchObject({ parentSpanId: root.spanId, name: 'chat claude-sonnet-5-5' })
  expect(call.attributes).toMatchObject({ 'portcullis.provider': '@upstream', 'server.address': '127.0.0.1' })
  expect(call.attributes['gen_ai.usage.output_tokens']).toBeGreaterThan(0)
  expect(collector.resources[0]).toMatchObject({ 'service.name': 'portcullis', 'deployment.environment.name': 'tests' })
  expect(collector.headers[0]!['api-key']).toBe('collector key')
  expect(new Set(collector.points.map(({ metric }) => metric))).toEqual(
    new Set([
      'gen_ai.client.token.usage',
      'gen_ai.client.operation.duration',
      'gen_ai.server.time_to_first_token',
      'portcullis.cost',
    ]),
  )
})

test('nothing that was said, and no key, is in what is told', async () => {
  await ask()
  const before = collector.spans.length
  await collector.until(() => collector.spans.length > before)
  const told = JSON.stringify([collector.spans, collector.points, collector.resources])
  expect(told).not.toContain('canary')
  expect(told).not.toContain(gateway.key)
  expect(told).not.toContain('sk-ant-')
})

test.each([[503], ['silent'], [400]] as const)(
  'a collector that answers %s harms no exchange, and is counted',
  async (answer) => {
    collector.answer = answer
    const failed = async () => {
      const headers = ['x-portkey-api-key', gateway.adminKey]
      const { body } = await send(`${gateway.url}/metrics`, { method: 'GET', headers }).answer
      return Number(/^portcullis_telemetry_exchanges\{state="failed"\} (\d+)$/m.exec(body.toString())?.[1])
    }
    const before = await failed()
    expect((await ask()).status).toBe(200)
    await expect.poll(failed, { timeout: 10_000 }).toBeGreaterThan(before)
    collector.answer = 200
  },
)
