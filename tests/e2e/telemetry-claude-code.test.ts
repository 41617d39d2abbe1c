import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { header } from '../../src/core/headers.ts'
import { findClaudeCode, runClaudeCode } from '../../src/testing/claude-code.ts'
import { startGateway, type TestGateway } from '../../src/testing/gateway.ts'
import { type RecordingProxy, startRecordingProxy } from '../../src/testing/recording-proxy.ts'

// A real client starts in under a second, but the machine may be busy with other tests.
vi.setConfig({ testTimeout: 90_000 })

let gateway: TestGateway
let wire: RecordingProxy

beforeEach(async () => {
  gateway = await startGateway({ upstream: { playAs: () => 'sandbox-agents' } })
  wire = await startRecordingProxy(gateway.url)
})

afterEach(async () => {
  await wire.stop()
  await gateway.stop()
})

interface Event {
  readonly name: string
  readonly request_id: string | null
  readonly attributes: Readonly<Record<string, unknown>>
}

async function read<Answer>(path: string): Promise<Answer> {
  const answer = await fetch(`${gateway.url}/v1${path}`, { headers: { 'x-portkey-api-key': gateway.key } })
  expect(answer.status, path).toBe(200)
  return (await answer.json()) as Answer
}

test.skipIf(findClaudeCode() === undefined).each(['http/json', 'http/protobuf'])(
  'what Claude Code tells over %s is filed under its session and its requests',
  async (protocol) => {
    const canary = 'the canary sings in the mine'
    const end = await runClaudeCode({
      baseUrl: wire.origin,
      token: gateway.key,
      args: [`Please look around: ${canary}`, '--model', 'claude-opus-5-5'],
      env: {
        CLAUDE_CODE_ENABLE_TELEMETRY: '1',
        OTEL_METRICS_EXPORTER: 'otlp',
        OTEL_LOGS_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_ENDPOINT: wire.origin,
        OTEL_EXPORTER_OTLP_HEADERS: `x-portkey-api-key=${gateway.key}`,
        // Even where a client is told to say everything.
        OTEL_LOG_USER_PROMPTS: '1',
        OTEL_LOG_TOOL_DETAILS: '1',
      },
    })
    expect(end, end.stderr).toMatchObject({ exitCode: 0 })
    const told = wire.exchanges.filter(({ path }) => /^\/v1\/(logs|metrics)$/.test(path))
    expect(told.map(({ path, status }) => `${path} ${status}`)).toEqual(
      expect.arrayContaining(['/v1/logs 200', '/v1/metrics 200']),
    )
    expect(told.every(({ status }) => status === 200)).toBe(true)
    expect(told.some(({ body }) => body.includes(canary))).toBe(true)

    const sessions = await read<{ readonly data: readonly { readonly id: string }[] }>('/sessions')
    expect(sessions.data).toHaveLength(1)
    const { data } = await read<{ readonly data: readonly Event[] }>(
      `/sessions/${sessions.data[0]!.id}/events?limit=200`,
    )
    expect(data.map(({ name }) => name)).toEqual(expect.arrayContaining(['user_prompt', 'api_request']))
    expect(JSON.stringify(data)).not.toContain('canary')
    const requests = wire.exchanges
      .filter(({ path }) => path.startsWith('/v1/messages'))
      .map(({ answerHeaders }) => header(answerHeaders, 'request-id'))
    const joined = data.filter(({ name }) => name === 'api_request').map(({ request_id }) => request_id)
    expect(joined.length).toBeGreaterThan(0)
    for (const id of joined) expect(requests).toContain(id)

    const figures = await read<{ readonly data: readonly { readonly sessions: number; readonly cost: number }[] }>(
      '/usage/client-metrics?by=none&group=key',
    )
    expect(figures.data).toHaveLength(1)
    expect(figures.data[0]!.sessions).toBe(1)
    expect(figures.data[0]!.cost).toBeGreaterThan(0)
  },
)
