import { afterEach, expect, test } from 'vitest'
import type { Scene } from '../../src/providers/scripted/scene.ts'
import { type TestGateway, startGateway } from '../../src/testing/gateway.ts'
import { sendJson } from '../../src/testing/http.ts'

let gateway: TestGateway

afterEach(() => gateway.stop())

/** Asks once, without a stream, and has the upstream answer with these bytes. */
async function askAndAnswer(message: object, headers: readonly string[] = []): Promise<void> {
  const bytes = Buffer.from(JSON.stringify({ type: 'message', role: 'assistant', content: [], ...message }))
  const scene: Scene = {
    steps: [
      { kind: 'head', status: 200, headers: ['content-type', 'application/json', ...headers] },
      { kind: 'bytes', bytes },
      { kind: 'end' },
    ],
  }
  gateway = await startGateway({ upstream: { direct: () => scene } })
  const { body } = await sendJson(
    `${gateway.url}/v1/messages`,
    { model: 'claude-opus-5-5', max_tokens: 9, messages: [] },
    ['x-api-key', gateway.key],
  ).answer
  expect(body.equals(bytes)).toBe(true)
}

test('an upstream that claims usage beyond all reason leaves the books readable', async () => {
  const most = { input_tokens: 1e300, output_tokens: 2 ** 53, cache_read_input_tokens: 1e17 }
  await askAndAnswer({
    model: 'claude-opus-5-5',
    usage: {
      ...most,
      server_tool_use: { web_search_requests: 1e15 },
      iterations: Array.from({ length: 500 }, () => most),
    },
  })
  expect(await gateway.logs()).toMatchObject([{ outcome: 'completed', cost_usd: '1000000' }])
  expect(await gateway.summary()).toMatchObject({ upstream_calls: 1, tokens: { input: 1e9 }, cost_usd: '1000000' })
})

test('names that an upstream makes megabytes long are cut before they are written down', async () => {
  await askAndAnswer({ model: 'm'.repeat(2_000_000), stop_reason: 's'.repeat(1_000_000) }, [
    'request-id',
    'r'.repeat(4_000),
  ])
  const [log] = (await gateway.logs()) as readonly unknown[]
  expect(log).toMatchObject({
    model_served: 'm'.repeat(256),
    stop_reason: 's'.repeat(256),
    upstream_request_id: 'r'.repeat(256),
  })
})
