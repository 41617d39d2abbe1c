import { describe, expect, it } from 'vitest'
import { ORGANISATION_SCOPES } from '../../src/contract/scopes.ts'
import { insertMember } from '../../src/store/members.ts'
import { addUser } from '../store/tenants.ts'
import { ADMIN_KEY, ALL_WORKSPACE_SCOPES, startControlPlane } from './harness.ts'

describe('making a key', () => {
  it('shows it once; it works with the next request', async () => {
    const { call, directory, workspace } = await startControlPlane()
    const made = await call('POST', '/api-keys/workspace/service', {
      name: 'CI',
      scopes: ['completions.write'],
      workspace_id: workspace.slug,
      defaults: { provider: 'sandbox', metadata: { team: 'payments' }, allow_config_override: false },
    })
    expect(made).toMatchObject({ status: 200, body: { object: 'api-key' } })
    const secret = String(made.body['key'])
    expect(directory.find(secret)).toMatchObject({
      state: 'active',
      caller: { workspaceId: workspace.id, defaultProvider: '@sandbox', metadata: { team: 'payments' } },
    })
    const read = await call('GET', `/api-keys/${String(made.body['id'])}`)
    expect(read.body).toMatchObject({
      type: 'workspace-service',
      status: 'active',
      scopes: ['completions.write'],
      defaults: { provider: '@sandbox', config_id: null, metadata: { team: 'payments' } },
      allow_config_override: 0,
      expires_at: null,
    })
    expect(read.text + (await call('GET', '/api-keys')).text).not.toContain(secret)
  })

  it('a developer key without scopes may call models and look around', async () => {
    const { call, directory, workspace } = await startControlPlane()
    const made = await call('POST', '/api-keys/workspace/user', {
      name: 'Ada',
      workspace_id: workspace.id,
      user_id: 'admin@localhost',
    })
    expect(directory.find(String(made.body['key']))).toMatchObject({ state: 'active' })
    expect((await call('GET', `/api-keys/${String(made.body['id'])}`)).body['scopes']).toContain('completions.write')
  })

  it('an organisation key administers and calls no models', async () => {
    const { call, directory } = await startControlPlane()
    const made = await call('POST', '/api-keys/organisation/service', {
      name: 'Terraform',
      scopes: ['providers.list', 'workspaces.read'],
    })
    const key = String(made.body['key'])
    expect(directory.find(key)).toEqual({ state: 'administrative' })
    expect((await call('GET', '/providers', undefined, key)).status).toBe(200)
    expect((await call('GET', '/integrations', undefined, key)).status).toBe(403)
  })

  it.each([
    ['an unknown scope', { scopes: ['completion.write'] }, 'did you mean completions.write?'],
    ["an administrator's scope", { scopes: ['organisation_integrations.create'] }, 'cannot hold'],
    ['a provider nobody has', { defaults: { provider: '@nowhere' } }, 'has no provider @nowhere'],
    ['a config', { defaults: { config_id: 'pc-1' } }, 'this workspace has no config pc-1'],
    [
      'a budget below nothing',
      { usage_limits: { credit_limit: -1 } },
      'usage_limits.credit_limit: may not be negative',
    ],
    ['rotation without a period', { rotation_policy: {} }, 'needs either rotation_period or rotation_period_days'],
    ['a hasty rotation', { rotation_policy: { rotation_period: 'weekly', key_transition_period_ms: 1 } }, '1800000'],
    ['an address that is none', { alert_emails: ['nobody'] }, 'has to be an e-mail address'],
    ['an end that has passed', { expires_at: '2020-01-01T00:00:00Z' }, 'has passed already'],
    ['a date without a time', { expires_at: '2027-01-01' }, 'has to be a moment'],
    ['another kind than in the address', { type: 'organisation' }, 'the same as in the address'],
    ['a person', { user_id: 'admin@localhost' }, 'only a key of type workspace/user has one'],
    ['metadata that is not text', { defaults: { metadata: { a: 1 } } }, 'defaults.metadata.a'],
    ['an empty name', { name: ' ' }, 'name'],
  ])('%s is refused with the reason', async (_what, more, reason) => {
    const { call, workspace } = await startControlPlane()
    const refused = await call('POST', '/api-keys/workspace/service', {
      name: 'x',
      workspace_id: workspace.id,
      ...more,
    })
    expect(refused).toMatchObject({ status: 400, body: { data: { errorCode: 'AB01' } } })
    expect(String(refused.body.data['message'])).toContain(reason)
  })

  it('the kind of key has to exist', async () => {
    const { call } = await startControlPlane()
    expect((await call('POST', '/api-keys/organisation/user', { name: 'x', scopes: ['logs.view'] })).status).toBe(404)
  })

  it('nobody gives away more than they have', async () => {
    const { call, newKey } = await startControlPlane()
    const { key } = await newKey(['workspace_service_api_keys.create', 'logs.view'])
    const more = await call(
      'POST',
      '/api-keys/workspace/service',
      { name: 'x', scopes: ['logs.view', 'completions.write'] },
      key,
    )
    expect(more).toMatchObject({ status: 403, body: { data: { errorCode: 'AB03' } } })
    expect((await call('POST', '/api-keys/workspace/service', { name: 'x', scopes: ['logs.view'] }, key)).status).toBe(
      200,
    )
    expect((await call('POST', '/api-keys/workspace/user', { name: 'x', scopes: ['logs.view'] }, key)).status).toBe(403)
    expect(
      (await call('POST', '/api-keys/organisation/service', { name: 'x', scopes: ['logs.view'] }, key)).status,
    ).toBe(403)
    const weak = await call('POST', '/api-keys/organisation/service', {
      name: 'x',
      scopes: ['organisation_service_api_keys.create'],
    })
    const strong = { name: 'x', scopes: ['organisation_service_api_keys.create', 'workspaces.delete'] }
    expect((await call('POST', '/api-keys/organisation/service', strong, String(weak.body['key']))).status).toBe(403)
  })

  it("a workspace's key makes keys for its own workspace only", async () => {
    const { call, newKey } = await startControlPlane()
    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    const elsewhere = { name: 'x', scopes: ['logs.view'], workspace_id: 'ws-other' }
    expect((await call('POST', '/api-keys/workspace/service', elsewhere, key)).status).toBe(404)
  })
})

describe('a key', () => {
  it('that is deleted stops at once, is gone for reading, and stays in the list as revoked', async () => {
    const { call, newKey, directory } = await startControlPlane()
    const { id, key } = await newKey(['completions.write'])
    // The official client sends the id in the body too.
    expect(await call('DELETE', `/api-keys/${id}`, { id })).toMatchObject({ status: 200, body: {} })
    expect(directory.find(key)).toEqual({ state: 'revoked' })
    expect((await call('GET', '/providers', undefined, key)).status).toBe(401)
    expect((await call('GET', `/api-keys/${id}`)).status).toBe(404)
    expect((await call('DELETE', `/api-keys/${id}`)).status).toBe(404)
    const revoked = await call('GET', '/api-keys?status=revoked')
    expect(revoked.body.data.map((item) => [item['id'], item['status']])).toEqual([[id, 'revoked']])
    expect((await call('GET', '/api-keys')).body.data.map((item) => item['id'])).toContain(id)
    expect((await call('GET', '/api-keys?status=active')).body.data.map((item) => item['id'])).not.toContain(id)
  })

  it('that ends stops at that moment and says so', async () => {
    const { call, newKey, clock } = await startControlPlane()
    const { id, key } = await newKey(['providers.list'], { expires_at: '2026-11-23T01:00:00+00:00' })
    expect((await call('GET', '/providers', undefined, key)).status).toBe(200)
    clock.advance(3_600_000)
    expect((await call('GET', '/providers', undefined, key)).status).toBe(401)
    expect((await call('GET', `/api-keys/${id}`)).body).toMatchObject({
      status: 'expired',
      expires_at: '2026-11-23T01:00:00.000Z',
    })
    await call('PUT', `/api-keys/${id}`, { expires_at: null })
    expect((await call('GET', '/providers', undefined, key)).status).toBe(200)
  })

  it('changes with its update, and keeps what is not named', async () => {
    const { call, newKey, directory } = await startControlPlane()
    const { id, key } = await newKey(['providers.list'], { defaults: { metadata: { a: '1' } }, description: 'old' })
    expect(await call('PUT', `/api-keys/${id}`, { id, scopes: ['logs.view'], name: 'Renamed' })).toMatchObject({
      status: 200,
      body: {},
    })
    expect((await call('GET', '/providers', undefined, key)).status).toBe(403)
    expect((await call('GET', `/api-keys/${id}`)).body).toMatchObject({
      name: 'Renamed',
      description: 'old',
      scopes: ['logs.view'],
      defaults: { metadata: { a: '1' } },
      allow_config_override: null,
    })
    await call('PUT', `/api-keys/${id}`, { defaults: null })
    expect(directory.find(key)).toMatchObject({ caller: { metadata: {} } })
  })

  it.each([
    [{ id: 'another' }, 'the same as in the address'],
    [{ scopes: ['workspaces.delete'] }, 'cannot hold'],
    [{ defaults: { provider: '@nowhere' } }, 'has no provider'],
    [{ workspace_id: 'ws-other' }, 'not known here'],
    [{ rate_limits: [{ type: 'requests', value: 1 }] }, 'rate_limits.0.unit: is required'],
  ])('is not changed by %o', async (body, reason) => {
    const { call, newKey } = await startControlPlane()
    const { id } = await newKey(['logs.view'])
    const refused = await call('PUT', `/api-keys/${id}`, body)
    expect(refused.status).toBe(400)
    expect(String(refused.body.data['message'])).toContain(reason)
  })

  it('of another workspace does not exist', async () => {
    const { call, newKey, otherWorkspace } = await startControlPlane()
    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    const theirs = await newKey(['logs.view'], { workspace_id: otherWorkspace.id })
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      expect(
        (await call(method, `/api-keys/${theirs.id}`, method === 'PUT' ? { name: 'x' } : undefined, key)).status,
      ).toBe(404)
    }
    const { body } = await call('GET', '/api-keys', undefined, key)
    expect(body.data.map((item) => item['id'])).not.toContain(theirs.id)
  })

  it("of a person sees that person's keys only", async () => {
    const { call, newKey, store, workspace } = await startControlPlane()
    const ada = await addUser(store.db, workspace.organisationId)
    const bob = await addUser(store.db, workspace.organisationId)
    for (const { id: userId } of [ada, bob])
      await insertMember(store.db, { workspaceId: workspace.id, userId, role: 'manager', joinedAt: 1 })
    const scopes = [
      'workspace_user_api_keys.list',
      'workspace_user_api_keys.read',
      'workspace_user_api_keys.create',
      'workspace_service_api_keys.read',
    ]
    const adas = await newKey(scopes, { type: 'user', user_id: ada.id })
    const bobs = await newKey(scopes, { type: 'user', user_id: bob.email })
    const services = await newKey(scopes)
    const { body } = await call('GET', '/api-keys', undefined, adas.key)
    expect(body.data.map((item) => item['id'])).toEqual([adas.id])
    expect((await call('GET', `/api-keys/${bobs.id}`, undefined, adas.key)).status).toBe(404)
    expect((await call('GET', `/api-keys/${services.id}`, undefined, adas.key)).status).toBe(404)
    const forBob = { name: 'x', scopes: ['workspace_user_api_keys.read'], user_id: bob.id }
    expect((await call('POST', '/api-keys/workspace/user', forBob, adas.key)).status).toBe(403)
  })

  it('lists only the kinds that the caller may list', async () => {
    const { call, newKey } = await startControlPlane()
    const { key } = await newKey(['workspace_service_api_keys.list'])
    const { body } = await call('GET', '/api-keys', undefined, key)
    expect(new Set(body.data.map((item) => item['type']))).toEqual(new Set(['workspace-service']))
  })

  it('the preset administrator may do everything an administrator may', async () => {
    const { directory } = await startControlPlane()
    expect(directory.adminCaller(ADMIN_KEY)?.scopes).toEqual(ORGANISATION_SCOPES)
  })
})
