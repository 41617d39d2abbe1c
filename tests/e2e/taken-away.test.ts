import { afterEach, beforeEach, expect, test } from 'vitest'
import { header } from '../../src/core/headers.ts'
import { type TestGateway, startGateway } from '../../src/testing/gateway.ts'
import { type HttpExchange, send, sendJson } from '../../src/testing/http.ts'

/* What an administrator takes away, seen from the whole gateway: it is gone before the admin API has answered. */

const STREAMING = {
  model: 'claude-opus-5-5',
  max_tokens: 64,
  stream: true,
  messages: [{ role: 'user', content: 'Say hi' }],
}

let gateway: TestGateway

beforeEach(async () => {
  gateway = await startGateway({ upstream: { playAs: () => 'sandbox-silent-mid' } })
})

afterEach(() => gateway.stop())

function ask(key: string): HttpExchange {
  return sendJson(`${gateway.url}/v1/messages`, STREAMING, ['authorization', `Bearer ${key}`])
}

/** Begins so many streams that fall silent in their text, and never end by themselves. */
async function begin(key: string, count: number): Promise<readonly HttpExchange[]> {
  const streams = Array.from({ length: count }, () => ask(key))
  await Promise.all(streams.map(({ firstBytes }) => firstBytes))
  return streams
}

/** The code and text with which all of them ended. */
async function endings(streams: readonly HttpExchange[]): Promise<readonly string[]> {
  const answers = await Promise.all(streams.map(({ answer }) => answer))
  return answers.map(({ body }) => body.toString().split('event: error\n')[1] ?? 'no error')
}

test('every stream of a key ends when the key is revoked, and what it came to is in the books', async () => {
  const { id, key } = await gateway.createKey()
  const streams = await begin(key, 50)
  await gateway.admin('DELETE', `/api-keys/${id}`)
  for (const ending of await endings(streams)) expect(ending).toContain('This gateway key has been revoked.')
  expect((await ask(key).answer).status).toBe(401)

  const rows = await gateway.logs()
  expect(rows.slice(0, 50).every(({ interrupted_by }) => interrupted_by === 'gateway')).toBe(true)
  const { upstream_calls, tokens } = await gateway.summary()
  expect(upstream_calls).toBe(50)
  expect(tokens.input).toBeGreaterThan(0)
})

test('streams of somebody who is suspended end, and their key works again afterwards', async () => {
  const { id, key } = await hire('ada@example.com')
  const streams = await begin(key, 3)
  await gateway.admin('PUT', `/admin/users/${id}`, { status: 'suspended' })
  for (const ending of await endings(streams)) expect(ending).toContain('Your account on this gateway is suspended')
  expect((await ask(key).answer).status).toBe(403)
  await gateway.admin('PUT', `/admin/users/${id}`, { status: 'active' })
  const [stream] = await begin(key, 1)
  stream!.leave()
  await stream!.answer
})

test('an organisation that says so lets them end by themselves', async () => {
  await gateway.admin('PUT', '/organisation', { end_running_streams: false })
  const { id, key } = await gateway.createKey()
  const [stream] = await begin(key, 1)
  await gateway.admin('DELETE', `/api-keys/${id}`)
  expect((await ask(key).answer).status).toBe(401)
  expect(gateway.upstream.requests).toHaveLength(1)
  stream!.leave()
  await stream!.answer
  expect((await gateway.logs())[0]).toMatchObject({ interrupted_by: 'client' })
})

test('a key whose callers read Portkey’s shape is refused in it', async () => {
  const { id, key } = await gateway.createKey({
    defaults: { provider: '@upstream', error_format: 'portkey' },
    rate_limits: [{ type: 'requests', unit: 'rpd', value: 1 }],
  })
  expect(await gateway.admin('GET', `/api-keys/${id}`)).toMatchObject({ defaults: { error_format: 'portkey' } })
  const [stream] = await begin(key, 1)
  const refused = await ask(key).answer
  expect(refused.status).toBe(429)
  expect(header(refused.headers, 'x-should-retry')).toBe('false')
  expect(JSON.parse(refused.body.toString())).toMatchObject({
    error: { type: 'api_key_rate_limit_error', param: null, code: null },
  })
  stream!.leave()
  await stream!.answer
})

/** Invites somebody, who accepts, and makes them a key. */
async function hire(email: string): Promise<{ readonly id: string; readonly key: string }> {
  const { data: workspaces } = await gateway.admin<{ data: { slug: string }[] }>('GET', '/admin/workspaces')
  const workspace = workspaces[0]!.slug
  const { invite_link: link } = await gateway.admin<{ invite_link: string }>('POST', '/admin/users/invites', {
    email,
    workspaces: [{ id: workspace }],
  })
  const form = new URLSearchParams({
    token: new URL(link).searchParams.get('token')!,
    first_name: 'Ada',
    last_name: 'L',
  })
  await send(`${gateway.url}/invite`, {
    headers: ['content-type', 'application/x-www-form-urlencoded', 'origin', gateway.url],
    body: form.toString(),
  }).answer
  const { data: users } = await gateway.admin<{ data: { id: string; email: string }[] }>('GET', '/admin/users')
  const { key } = await gateway.admin<{ key: string }>('POST', '/api-keys/workspace/user', {
    name: 'laptop',
    workspace_id: workspace,
    user_id: email,
    defaults: { provider: '@upstream' },
  })
  return { id: users.find((user) => user.email === email)!.id, key }
}
