import { describe, expect, it } from 'vitest'
import type { LimitedCall } from '../../src/limits/limit.ts'
import { addUser } from '../store/tenants.ts'
import { ALL_WORKSPACE_SCOPES, startControlPlane, type ControlPlane } from './harness.ts'

const DOLLAR = 1_000_000_000n

/** What a call of a key would be charged to. */
async function callOf(plane: ControlPlane, keyId: string, over: Partial<LimitedCall> = {}): Promise<LimitedCall> {
  const { workspace, directory } = plane
  const [provider] = directory.providers(workspace.id)
  return {
    organisationId: workspace.organisationId,
    workspaceId: workspace.id,
    userId: undefined,
    keyId,
    endpoint: 'messages',
    metadata: {},
    providerId: provider!.providerId,
    providerSlug: provider!.slug,
    integrationId: provider!.integrationId,
    model: 'claude-opus-5',
    configId: undefined,
    ...over,
  }
}

/** Spends so many dollars as a call of that key, or says why it could not. */
async function spend(plane: ControlPlane, keyId: string, dollars: bigint, over: Partial<LimitedCall> = {}) {
  const purses = plane.directory.rulebook().purses(await callOf(plane, keyId, over))
  const used = { costNanos: dollars * DOLLAR, tokens: 100, requests: 1 }
  const hold = plane.budgets.hold(purses, { bound: used, expected: used, at: plane.clock.now() })
  if (hold.kind === 'hold') hold.settle(used)
  return hold.kind === 'hold' ? 'served' : `${hold.reason}: ${hold.purse.budget.of}`
}

/** Changes things as somebody who signed in; answers with statuses. */
async function signIn({ app, call }: ControlPlane, user: string) {
  const { link } = (await call('POST', `/admin/users/${user}/sign-in-link`)).body as unknown as { link: string }
  const session = await app.inject({ url: link.slice(new URL(link).origin.length) })
  const { name, value } = session.cookies[0]!
  const headers = { cookie: `${name}=${value}`, origin: 'http://gateway.example.com', 'x-portcullis-csrf': '1' }
  return async (path: string, body: object) =>
    (await app.inject({ method: 'PUT', url: `/v1${path}`, headers, payload: body })).statusCode
}

describe('budgets of a key', () => {
  it('are shown as Portkey shows them: an object while there is one', async () => {
    const { call, newKey } = await startControlPlane()
    const { id } = await newKey(['completions.write'], {
      usage_limits: { credit_limit: 50, periodic_reset: 'weekly', alert_threshold: 40 },
      rate_limits: [{ type: 'requests', unit: 'rpm', value: 60 }],
    })
    expect((await call('GET', `/api-keys/${id}`)).body).toMatchObject({
      status: 'active',
      usage_limits: {
        type: 'cost',
        credit_limit: 50,
        alert_threshold: 40,
        periodic_reset: 'weekly',
        periodic_reset_days: null,
        enforcement: 'hard',
        mode: 'strict',
        current_usage: 0,
        held: 0,
        remaining: 50,
        status: 'active',
      },
      rate_limits: [{ type: 'requests', unit: 'rpm', value: 60 }],
    })
  })

  it('are an array when there are several, the shortest period first, and null when there are none', async () => {
    const { call, newKey } = await startControlPlane()
    const { id } = await newKey(['completions.write'])
    expect((await call('GET', `/api-keys/${id}`)).body).toMatchObject({ usage_limits: null, rate_limits: [] })
    const usage_limits = [
      { credit_limit: 400, periodic_reset: 'monthly' },
      { credit_limit: '0.000000001', periodic_reset: 'daily' },
      { type: 'tokens', credit_limit: 1_000_000 },
    ]
    expect((await call('PUT', `/api-keys/${id}`, { usage_limits })).status).toBe(200)
    const shown = (await call('GET', `/api-keys/${id}`)).body['usage_limits'] as unknown as object[]
    expect(shown.map((limit) => ('credit_limit' in limit ? limit.credit_limit : undefined))).toEqual([
      1e-9, 400, 1_000_000,
    ])
  })

  it('show what was used, held and left, and when they begin anew', async () => {
    const plane = await startControlPlane()
    const { id } = await plane.newKey(['completions.write'], {
      usage_limits: { credit_limit: 50, periodic_reset: 'daily' },
    })
    await spend(plane, id, 20n)
    const { body } = await plane.call('GET', `/api-keys/${id}`)
    expect(body).toMatchObject({ usage_limits: { current_usage: 20, remaining: 30, status: 'active' } })
    const { next_usage_reset_at: next } = body['usage_limits'] as unknown as { next_usage_reset_at: string }
    expect(next).toMatch(/T00:00:00\.000Z$/)
  })

  it('close when they are spent, open at once when they are raised, and close again when they are lowered', async () => {
    const plane = await startControlPlane()
    const { id } = await plane.newKey(['completions.write'], { usage_limits: { credit_limit: 10 } })
    const statusOf = async () => (await plane.call('GET', `/api-keys/${id}`)).body['status']
    expect(await spend(plane, id, 10n)).toBe('served')
    expect(await spend(plane, id, 1n)).toBe('spent: key “A key”')
    expect(await statusOf()).toBe('exhausted')
    await plane.call('PUT', `/api-keys/${id}`, { usage_limits: { credit_limit: 20 } })
    expect(await statusOf()).toBe('active')
    expect(await spend(plane, id, 2n)).toBe('served')
    await plane.call('PUT', `/api-keys/${id}`, { usage_limits: { credit_limit: 11 } })
    expect(await statusOf()).toBe('exhausted')
    expect(await spend(plane, id, 1n)).toBe('spent: key “A key”')
  })

  it('keep what is spent when everything but type and period changes, and begin anew with another period', async () => {
    const plane = await startControlPlane()
    const { id } = await plane.newKey(['completions.write'], {
      usage_limits: { credit_limit: 10, periodic_reset: 'monthly' },
    })
    await spend(plane, id, 4n)
    const limitOf = async () =>
      (await plane.call('GET', `/api-keys/${id}`)).body['usage_limits'] as unknown as {
        id: string
        current_usage: number
      }
    const before = await limitOf()
    const changed = { credit_limit: 20, periodic_reset: 'monthly', alert_threshold: 15, mode: 'tight' }
    await plane.call('PUT', `/api-keys/${id}`, { usage_limits: changed })
    expect(await limitOf()).toMatchObject({ id: before.id, current_usage: 4, alert_threshold: 15, mode: 'tight' })
    await plane.call('PUT', `/api-keys/${id}`, { usage_limits: { ...changed, periodic_reset: 'weekly' } })
    const after = await limitOf()
    expect(after).toMatchObject({ current_usage: 0 })
    expect(after.id).not.toBe(before.id)
  })

  it('stay when they are left out, and go with null', async () => {
    const { call, newKey } = await startControlPlane()
    const { id } = await newKey(['completions.write'], {
      usage_limits: { credit_limit: 10 },
      rate_limits: [{ type: 'concurrency', value: 3 }],
    })
    await call('PUT', `/api-keys/${id}`, { name: 'Renamed' })
    await call('PUT', `/api-keys/${id}`, { rate_limits: null })
    expect((await call('GET', `/api-keys/${id}`)).body).toMatchObject({
      name: 'Renamed',
      usage_limits: { credit_limit: 10 },
      rate_limits: [],
    })
    await call('PUT', `/api-keys/${id}`, { usage_limits: null })
    expect((await call('GET', `/api-keys/${id}`)).body).toMatchObject({ usage_limits: null })
  })

  it('begin anew with reset_usage', async () => {
    const plane = await startControlPlane()
    const { id } = await plane.newKey(['completions.write'], { usage_limits: { credit_limit: 10 } })
    await spend(plane, id, 10n)
    await plane.call('PUT', `/api-keys/${id}`, { reset_usage: true })
    expect((await plane.call('GET', `/api-keys/${id}`)).body).toMatchObject({
      status: 'active',
      usage_limits: { current_usage: 0, remaining: 10 },
    })
    expect(await spend(plane, id, 10n)).toBe('served')
  })

  it('a soft one is exhausted, and its key is not', async () => {
    const plane = await startControlPlane()
    const { id } = await plane.newKey(['completions.write'], {
      usage_limits: { credit_limit: 10, enforcement: 'soft' },
    })
    expect(await spend(plane, id, 11n)).toBe('served')
    expect((await plane.call('GET', `/api-keys/${id}`)).body).toMatchObject({
      status: 'active',
      usage_limits: { status: 'exhausted', remaining: 0 },
    })
  })

  it('an organisation’s key has none, because it calls no models', async () => {
    const { call } = await startControlPlane()
    const refused = await call('POST', '/api-keys/organisation/service', {
      name: 'x',
      scopes: ['providers.list'],
      usage_limits: { credit_limit: 1 },
    })
    expect(refused).toMatchObject({ status: 400 })
    expect(refused.text).toContain('usage_limits: an organisation')
  })
})

describe('budgets of a person', () => {
  it('are shared by all of their keys, and by nobody else', async () => {
    const plane = await startControlPlane()
    const { call, workspace, store } = plane
    const { id: userId, email } = await addUser(store.db, workspace.organisationId)
    const limits = { usage_limits: [{ credit_limit: 10, periodic_reset: 'weekly' }], rate_limits: [] }
    expect((await call('PUT', `/admin/users/${email}`, limits)).status).toBe(200)
    expect(await spend(plane, 'laptop', 6n, { userId })).toBe('served')
    expect(await spend(plane, 'desk', 6n, { userId })).toBe('spent: you')
    expect(await spend(plane, 'ci', 6n)).toBe('served')
    expect((await call('GET', `/admin/users/${userId}`)).body).toMatchObject({
      usage_limits: [{ credit_limit: 10, current_usage: 6, remaining: 4 }],
    })
    await call('PUT', `/admin/users/${userId}`, { reset_usage: true })
    expect(await spend(plane, 'desk', 10n, { userId })).toBe('served')
  })
})

describe('budgets on every level', () => {
  it('all that apply to a call are charged, and the first that is spent refuses', async () => {
    const plane = await startControlPlane()
    const { call, workspace } = plane
    const { id } = await plane.newKey(['completions.write'], { usage_limits: { credit_limit: 50 } })
    const limits = (credit_limit: number) => ({ usage_limits: [{ credit_limit, periodic_reset: 'monthly' }] })
    const changes = [
      call('PUT', '/organisation', limits(60)),
      call('PUT', `/admin/workspaces/${workspace.id}`, limits(40)),
      call('PUT', `/providers/sandbox?workspace_id=${workspace.id}`, limits(30)),
      call('PUT', '/integrations/sandbox/workspaces', { workspaces: [{ id: workspace.slug, ...limits(20) }] }),
    ]
    for (const change of changes) expect((await change).status).toBe(200)
    expect(await spend(plane, id, 15n)).toBe('served')
    expect(await spend(plane, id, 15n)).toBe(`spent: integration sandbox in workspace ${workspace.name}`)

    const used = { current_usage: 15, periodic_reset: 'monthly' }
    expect((await call('GET', '/organisation')).body).toMatchObject({ usage_limits: [{ ...used, remaining: 45 }] })
    expect((await call('GET', `/admin/workspaces/${workspace.id}`)).body).toMatchObject({
      usage_limits: [{ ...used, remaining: 25 }],
      rate_limits: [],
    })
    expect((await call('GET', `/providers/sandbox?workspace_id=${workspace.id}`)).body).toMatchObject({
      usage_limits: { ...used, remaining: 15 },
    })
    const access = await call('GET', '/integrations/sandbox/workspaces')
    const rows = access.body['workspaces'] as unknown as { id: string; usage_limits: object[] }[]
    expect(rows.find((row) => row.id === workspace.id)?.usage_limits).toMatchObject([{ ...used, remaining: 5 }])
    expect(rows.find((row) => row.id !== workspace.id)?.usage_limits).toEqual([])
  })

  it('a provider that is made with limits has them, and takes them along when it goes', async () => {
    const { call, store, otherWorkspace } = await startControlPlane()
    const made = await call('POST', '/providers', {
      name: 'Second',
      integration_id: 'sandbox',
      workspace_id: otherWorkspace.id,
      usage_limits: { credit_limit: 5 },
      rate_limits: [{ type: 'tokens', unit: 'rpd', value: 1000 }],
    })
    expect(made.status).toBe(200)
    const path = `/providers/second?workspace_id=${otherWorkspace.id}`
    expect((await call('GET', path)).body).toMatchObject({ usage_limits: { credit_limit: 5 } })
    await call('DELETE', path)
    expect(await store.db.selectFrom('limits').selectAll().execute()).toEqual([])
  })

  it('the settings of the organisation are checked, kept and shown', async () => {
    const { call, directory } = await startControlPlane()
    const settings = {
      name: 'Acme',
      time_zone: 'europe/berlin',
      contact: '#ai-platform',
      session_hours: 12,
      end_running_streams: false,
    }
    expect((await call('PUT', '/organisation', settings)).status).toBe(200)
    expect((await call('GET', '/organisation')).body).toMatchObject({ ...settings, time_zone: 'Europe/Berlin' })
    expect(directory.organisation()).toEqual({
      timeZone: 'Europe/Berlin',
      contact: '#ai-platform',
      sessionHours: 12,
      endRunningStreams: false,
    })
    await call('PUT', '/organisation', { contact: null, time_zone: null, session_hours: null })
    expect((await call('GET', '/organisation')).body).toMatchObject({
      contact: null,
      time_zone: 'UTC',
      session_hours: null,
      end_running_streams: false,
    })
  })

  it.each([
    [{ time_zone: 'Berlin' }, 'time_zone: has to be an IANA name'],
    [{ time_zone: '+01:00' }, 'time_zone: has to be an IANA name'],
    [{ contact: 'line\nline' }, 'contact: may not hold control characters'],
    [{ session_hours: 0 }, 'session_hours: has to be a whole number from 1 to 720'],
    [{ usage_limits: [{ credit_limit: -1 }] }, 'usage_limits.0.credit_limit: may not be negative'],
  ])('the organisation does not take %j', async (body, reason) => {
    const { call } = await startControlPlane()
    const refused = await call('PUT', '/organisation', body)
    expect(refused.status).toBe(400)
    expect(String(refused.body.data['message'])).toContain(reason)
  })
})

describe('who may set limits', () => {
  const usage_limits = [{ credit_limit: 1_000_000 }]

  it('whoever manages a workspace limits its keys and providers', async () => {
    const { call, newKey } = await startControlPlane()
    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    const { id } = await newKey(['completions.write'])
    expect((await call('PUT', `/api-keys/${id}`, { usage_limits }, key)).status).toBe(200)
    expect((await call('PUT', '/providers/sandbox', { usage_limits }, key)).status).toBe(200)
  })

  it('but neither the workspace itself, nor the organisation, nor another workspace', async () => {
    const { call, newKey, workspace, otherWorkspace, store } = await startControlPlane()
    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    const { id: theirs } = await newKey(['completions.write'], { workspace_id: otherWorkspace.id })
    const tries: readonly (readonly [string, number, object?])[] = [
      [`/admin/workspaces/${workspace.id}`, 403],
      ['/organisation', 403],
      ['/integrations/sandbox/workspaces', 403, { workspaces: [{ id: workspace.id, usage_limits }] }],
      [`/api-keys/${theirs}`, 404],
      [`/providers/sandbox?workspace_id=${otherWorkspace.id}`, 404],
      ['/providers/sandbox', 404, { usage_limits, workspace_id: otherWorkspace.slug }],
    ]
    for (const [path, status, body = { usage_limits }] of tries) {
      expect((await call('PUT', path, body, key)).status, path).toBe(status)
    }
    expect(await store.db.selectFrom('limits').selectAll().execute()).toEqual([])
  })

  it('nobody limits, or frees, the key of a person with a key of that person', async () => {
    const { call, newKey } = await startControlPlane()
    const { key, id } = await newKey(ALL_WORKSPACE_SCOPES, { type: 'user', user_id: 'admin@localhost' })
    await call('PUT', `/api-keys/${id}`, { usage_limits: { credit_limit: 1 } })
    for (const body of [{ usage_limits: null }, { usage_limits }, { rate_limits: [] }, { reset_usage: true }]) {
      const refused = await call('PUT', `/api-keys/${id}`, body, key)
      expect(refused).toMatchObject({ status: 403, body: { data: { errorCode: 'AB03' } } })
    }
    expect((await call('PUT', `/api-keys/${id}`, { name: 'Mine' }, key)).status).toBe(200)
    expect((await call('GET', `/api-keys/${id}`)).body).toMatchObject({
      name: 'Mine',
      usage_limits: { credit_limit: 1 },
    })
    const another = { name: 'x', usage_limits: { credit_limit: 5 } }
    expect((await call('POST', '/api-keys/workspace/user', another, key)).status).toBe(403)
  })

  it('somebody who signed in limits the keys of a workspace that they manage, and none as a mere member', async () => {
    const plane = await startControlPlane()
    const { call, newKey, workspace, otherWorkspace, store } = plane
    const { id: key } = await newKey(['completions.write'], { type: 'user', user_id: 'admin@localhost' })
    const { id: user } = await addUser(store.db, workspace.organisationId)
    for (const [role, status] of [
      ['member', 404],
      ['manager', 200],
      ['admin', 200],
    ] as const) {
      await call('DELETE', `/admin/workspaces/${workspace.id}/users/${user}`)
      await call('POST', `/admin/workspaces/${workspace.id}/users`, { users: [{ id: user, role }] })
      const put = await signIn(plane, user)
      expect(await put(`/api-keys/${key}`, { usage_limits }), role).toBe(status)
      const mine = (
        await call('POST', '/api-keys/workspace/user', { name: role, workspace_id: workspace.id, user_id: user })
      ).body['id']
      expect(await put(`/api-keys/${mine}`, { usage_limits: null }), role).toBe(role === 'member' ? 403 : 200)
      expect(await put(`/admin/workspaces/${workspace.id}`, { usage_limits }), role).toBe(403)
      expect(await put(`/admin/workspaces/${otherWorkspace.id}`, { usage_limits }), role).not.toBe(200)
      expect(await put('/organisation', { usage_limits }), role).toBe(403)
      expect(await put(`/admin/users/${user}`, { usage_limits }), role).toBe(403)
    }
  })

  it('a refused limit leaves nothing of its request behind', async () => {
    const { call, newKey, store } = await startControlPlane()
    const { key } = await newKey(ALL_WORKSPACE_SCOPES, { type: 'user', user_id: 'admin@localhost' })
    const before = await store.db.selectFrom('api_keys').select('id').execute()
    await call('POST', '/api-keys/workspace/user', { name: 'x', rate_limits: [] }, key)
    expect(await store.db.selectFrom('api_keys').select('id').execute()).toEqual(before)
  })
})

it('every change of a limit is in the audit trail, with what was there before', async () => {
  const { call, newKey, store } = await startControlPlane()
  const { id } = await newKey(['completions.write'], { usage_limits: { credit_limit: 10 } })
  await call('PUT', `/api-keys/${id}`, { usage_limits: { credit_limit: 20 } })
  const entries = await store.db.selectFrom('audit_entries').selectAll().orderBy('number', 'desc').limit(1).execute()
  expect(entries).toMatchObject([{ action: 'update', resource_type: 'key', resource_id: id }])
  expect(JSON.parse(entries[0]!.before!)).toMatchObject({ usage_limits: { credit_limit: 10 } })
  expect(JSON.parse(entries[0]!.after!)).toMatchObject({ usage_limits: { credit_limit: 20 } })
})
