import { describe, expect, it } from 'vitest'
import { etagOf } from '../../src/admin/etag.ts'
import { ADMIN_ROUTES } from '../../src/admin/routes.ts'
import { addUser } from '../store/tenants.ts'
import { ADMIN_KEY, startControlPlane, type ControlPlane, type Method } from './harness.ts'

const ACCOUNT = { name: 'Claude', ai_provider_id: 'anthropic', key: 'sk-ant-of-a-test', slug: 'claude' }
const DOCUMENT = { strategy: { mode: 'single' }, targets: [{ provider: '@claude' }] }

/** A control plane with one of everything, and a way to send `if-match`. */
async function start() {
  const plane = await startControlPlane()
  await plane.call('POST', '/integrations', ACCOUNT)
  return {
    ...plane,
    send: (method: Method, path: string, ifMatch: string, body?: unknown) => send(plane, method, path, ifMatch, body),
  }
}

async function send({ app }: ControlPlane, method: Method, path: string, ifMatch: string, body?: unknown) {
  const response = await app.inject({
    method,
    url: `/v1${path}`,
    headers: {
      'x-portkey-api-key': ADMIN_KEY,
      'if-match': ifMatch,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  })
  return { status: response.statusCode, body: response.json() }
}

it('of two changes on the same reading one is made, and the other is told who was faster and when', async () => {
  const { call, send } = await start()
  const { headers } = await call('GET', '/integrations/claude')
  const etag = String(headers['etag'])
  const answers = await Promise.all(['One', 'Two'].map((name) => send('PUT', '/integrations/claude', etag, { name })))
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412])
  const now = await call('GET', '/integrations/claude')
  const { body } = answers.find(({ status }) => status === 412)!
  expect(body).toMatchObject({
    success: false,
    data: {
      errorCode: 'AB07',
      changed_by: 'preset administrator key',
      changed_at: now.body['last_updated_at'],
      etag: now.headers['etag'],
      message: expect.stringContaining('changed since you read it, last by preset administrator key'),
    },
  })
})

it('a change with the tag of today is made, and the tag is another one afterwards', async () => {
  const { call, send } = await start()
  const first = String((await call('GET', '/providers/claude?workspace_id=ws-other')).headers['etag'])
  const body = { name: 'New', workspace_id: 'ws-other' }
  expect((await send('PUT', '/providers/claude', first, body)).status).toBe(200)
  expect((await send('PUT', '/providers/claude', first, body)).status).toBe(412)
  expect((await send('PUT', '/providers/claude', `"other", ${first}`, body)).status).toBe(412)
  const second = String((await call('GET', '/providers/claude?workspace_id=ws-other')).headers['etag'])
  expect((await send('DELETE', '/providers/claude?workspace_id=ws-other', `"other", ${second}`)).status).toBe(200)
})

it('a tag is of one thing: that of its namesake in another workspace does not open it', async () => {
  const { call, send, workspace } = await start()
  const { headers } = await call('GET', '/providers/claude?workspace_id=ws-other')
  const answer = await send('PUT', '/providers/claude', String(headers['etag']), {
    name: 'x',
    workspace_id: workspace.slug,
  })
  expect(answer.status).toBe(412)
})

it('a refused change leaves nothing behind, not even an entry', async () => {
  const { call, send } = await start()
  const before = await call('GET', '/audit-logs')
  expect((await send('DELETE', '/integrations/claude', '"stale"')).status).toBe(412)
  expect((await call('GET', '/integrations/claude')).status).toBe(200)
  expect((await call('GET', '/audit-logs')).body).toEqual(before.body)
})

it('without the header nothing is asked, and a star asks only that the thing is there', async () => {
  const { call, send } = await start()
  expect((await call('PUT', '/integrations/claude', { name: 'One' })).status).toBe(200)
  expect((await send('PUT', '/integrations/claude', '*', { name: 'Two' })).status).toBe(200)
  expect((await send('PUT', '/integrations/nobody', '*', { name: 'Two' })).status).toBe(404)
})

it('a weak tag is not enough for a change', async () => {
  const { call, send } = await start()
  const { headers } = await call('GET', '/integrations/claude')
  expect((await send('PUT', '/integrations/claude', `W/${String(headers['etag'])}`, { name: 'x' })).status).toBe(412)
})

it('who may change but not read a thing learns nothing of it by guessing at tags', async () => {
  const plane = await start()
  const { key } = await plane.newKey(['providers.update'])
  const answer = await plane.app.inject({
    method: 'PUT',
    url: '/v1/providers/sandbox',
    headers: { 'x-portkey-api-key': key, 'content-type': 'application/json', 'if-match': '"guess"' },
    payload: '{"name":"x"}',
  })
  expect(answer.statusCode).toBe(403)
  expect(answer.json().data).toMatchObject({ errorCode: 'AB03', message: expect.stringContaining('providers.read') })
  expect(answer.body).not.toContain('changed_by')
})

it('where there is nothing to compare with, the header is refused instead of ignored', async () => {
  const { send } = await start()
  expect(await send('POST', '/integrations', '"x"', { ...ACCOUNT, slug: 'other' })).toMatchObject({
    status: 400,
    body: { data: { errorCode: 'AB01', message: expect.stringContaining('if-match') } },
  })
})

it('every kind of thing that can be changed gives a tag, which a change of it makes old', async () => {
  const { call, send, newKey, store, workspace } = await start()
  const here = { workspace_id: workspace.id }
  const make = async (path: string, body: object) => (await call('POST', path, body)).body as unknown as Made
  const config = await make('/configs', { name: 'Main', config: DOCUMENT, ...here })
  const key = await newKey(['completions.write'])
  await make('/virtual-keys', { name: 'Virtual', provider: 'anthropic', key: 'sk-ant-x', ...here })
  const channel = await make('/alerts/channels', { name: 'Hook', kind: 'webhook', url: 'https://hooks.example.com/x' })
  const budget = await make('/policies/usage-limits', { name: 'Each', credit_limit: 50, ...here })
  const rate = await make('/policies/rate-limits', { name: 'Slow', type: 'requests', unit: 'rpm', value: 60, ...here })
  const exported = await make('/logs/exports', here)
  const user = await addUser(store.db, workspace.organisationId)
  const members = `/admin/workspaces/${workspace.id}/users`
  await call('POST', members, { users: [{ id: user.id, role: 'member' }] })
  const cases: readonly (readonly [path: string, body: object])[] = [
    ['/integrations/claude', { name: 'Other' }],
    ['/integrations/claude/models', { allow_all_models: false }],
    ['/integrations/claude/workspaces', { global_workspace_access: false }],
    ['/virtual-keys/virtual', { note: 'Other' }],
    ['/providers/sandbox', { name: 'Other', workspace_id: workspace.slug }],
    [`/configs/${config.slug}`, { name: 'Other' }],
    [`/api-keys/${key.id}`, { name: 'Other' }],
    [`/admin/workspaces/${workspace.id}`, { usage_limits: { type: 'cost', credit_limit: 5 } }],
    [`/admin/users/${user.id}`, { role: 'admin' }],
    [`${members}/${user.id}`, { role: 'manager' }],
    ['/organisation', { contact: '#ai-platform' }],
    [`/alerts/channels/${channel.id}`, { name: 'Other' }],
    [`/policies/usage-limits/${budget.id}`, { credit_limit: 60 }],
    [`/policies/rate-limits/${rate.id}`, { value: 30 }],
    [`/logs/exports/${exported.id}`, { format: 'csv' }],
  ]
  for (const [path, body] of cases) {
    const { headers, status, text } = await call('GET', path)
    expect([status, headers['etag']], `${path} ${text}`).toEqual([200, expect.stringMatching(/^"[\w-]{22}"$/)])
    const etag = String(headers['etag'])
    expect(await send('PUT', path, etag, body), path).toMatchObject({ status: 200 })
    expect(await send('PUT', path, etag, body), path).toMatchObject({
      status: 412,
      body: { data: { errorCode: 'AB07', etag: (await call('GET', path)).headers['etag'] } },
    })
  }
  const changed = new Set(cases.map(([path]) => patternOf(path)))
  const all = ADMIN_ROUTES.filter(({ method, path }) => method === 'PUT' && !hasNoTag(path))
  expect(all.filter(({ path }) => !changed.has(path)).map(({ path }) => path)).toEqual([])
})

/** A reset is an act on a thing, not a new state of it; feedback is changed by who gave it, and read with its trace. */
function hasNoTag(path: string): boolean {
  return path.endsWith('/reset') || path === '/feedback/:id'
}

interface Made {
  readonly id: string
  readonly slug: string
}

/** The path of the endpoint that changes what lies there. */
function patternOf(path: string): string | undefined {
  return ADMIN_ROUTES.filter(({ method }) => method === 'PUT').find(({ path: pattern }) =>
    new RegExp(`^${pattern.replaceAll(/:\w+/g, '[^/]+')}$`).test(path),
  )?.path
}

it('every endpoint that changes a thing at an address compares it with what is read at that address', () => {
  const readable = new Set(ADMIN_ROUTES.filter(({ method }) => method === 'GET').map(({ path }) => path))
  const changing = ADMIN_ROUTES.filter(({ method }) => method === 'PUT').map(({ path }) => path)
  expect(changing.filter((path) => !readable.has(path) && !hasNoTag(path))).toEqual([])
})

describe('the tag', () => {
  const LIMIT = {
    credit_limit: 10,
    current_usage: 1,
    held: 0,
    remaining: 9,
    next_usage_reset_at: null,
    status: 'active',
  }

  it('stays the same while calls are made and time passes', () => {
    const spent = { ...LIMIT, current_usage: 10, remaining: 0, next_usage_reset_at: 'x', status: 'exhausted' }
    const thing = { name: 'a', status: 'active', usage_limits: [LIMIT] }
    expect(etagOf({ ...thing, status: 'expired', usage_limits: [spent] })).toBe(etagOf(thing))
  })

  it('is another one when somebody edits what can be edited', () => {
    const tags = [
      { name: 'a', status: 'active', usage_limits: [LIMIT] },
      { name: 'b', status: 'active', usage_limits: [LIMIT] },
      { name: 'a', status: 'archived', usage_limits: [LIMIT] },
      { name: 'a', status: 'active', usage_limits: [{ ...LIMIT, credit_limit: 11 }] },
      { name: 'a', status: 'active', usage_limits: [] },
    ].map(etagOf)
    expect(new Set(tags).size).toBe(tags.length)
  })
})
