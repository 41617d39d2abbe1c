import { afterEach, expect, test } from 'vitest'
import { claudeCodeBody } from './claude-code-body.ts'
import { send } from './http.ts'
import { readEvents } from './read-events.ts'
import { type ScriptedUpstream, type ScriptedUpstreamOptions, startScriptedUpstream } from './scripted-upstream.ts'

let upstream: ScriptedUpstream
const start = async (options?: ScriptedUpstreamOptions) => (upstream = await startScriptedUpstream(options))

afterEach(() => upstream.stop().catch(() => {}))

test('keeps every request byte for byte, with its header lines as they came', async () => {
  await start()
  const body = claudeCodeBody({ turns: 4, bytes: 300_000 })
  const headers = ['X-Claude-Code-Session-Id', 'a', 'x-twice', '1', 'X-Twice', '2']
  const {
    status,
    body: answer,
    whole,
  } = await send(`${upstream.origin}/v1/messages?beta=true`, { headers, body }).answer
  const [request] = upstream.requests
  expect(status).toBe(200)
  expect(whole).toBe(true)
  expect(request!.path).toBe('/v1/messages?beta=true')
  expect(request!.body.equals(body)).toBe(true)
  expect(request!.headers.slice(2, 8)).toEqual(headers)
  expect(request!.answer.equals(answer)).toBe(true)
  expect(await request!.ended).toBe('upstream')
  expect(upstream.billed()).toEqual(request!.billed)
  expect(upstream.billed().output).toBeGreaterThan(0)
})

test('cuts the connection for real, after the bytes before the cut', async () => {
  await start()
  const cut = await ask('sandbox-cut').answer
  expect(cut.whole).toBe(false)
  expect(readEvents(cut.body).at(-1)!.name).toBe('content_block_delta')
  await expect(ask('sandbox-cut-first').answer).rejects.toThrow(/hang up|ECONNRESET/)
  expect(await ask('sandbox-cut-clean').answer).toMatchObject({ whole: true })
})

test('notices a client that leaves, and bills only what was sent until then', async () => {
  await start()
  const exchange = ask('sandbox-silent-mid')
  await exchange.firstBytes
  exchange.leave()
  await exchange.answer.catch(() => {})
  expect(await upstream.requests[0]!.ended).toBe('client')
})

test('plays what the test directs instead of what the model names', async () => {
  await start({ playAs: ({ model }) => (model === 'claude-opus-5-5' ? 'sandbox-error-529' : undefined) })
  expect((await ask('claude-opus-5-5').answer).status).toBe(529)
  expect((await ask('claude-haiku-5-5').answer).status).toBe(200)
})

test('fails the test on a call that was not declared', async () => {
  await start({ declared: (method, path) => `${method} ${path}` === 'POST /v1/messages' })
  await ask('claude-opus-5-5').answer
  expect((await send(`${upstream.origin}/v1/files`, { method: 'GET' }).answer).status).toBe(501)
  await expect(upstream.stop()).rejects.toThrow('GET /v1/files')
})

function ask(model: string) {
  const body = JSON.stringify({ model, max_tokens: 500, messages: [{ role: 'user', content: 'Hello?' }], stream: true })
  return send(`${upstream.origin}/v1/messages`, { body })
}
