import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { enterSignIn } from '../../src/admin/audit/enter-sign-in.ts'
import { audited } from '../../src/admin/change.ts'
import { ADMIN_ROUTES } from '../../src/admin/routes.ts'
import { createKeyMaker } from '../../src/credentials/api-key.ts'
import { hashOf } from '../../src/store/audit.ts'
import { newSignInLink } from '../../src/store/first-start.ts'
import { listWorkspaces } from '../../src/store/workspaces.ts'
import { signIn } from './actors.ts'
import { dropAuditTriggers } from './drop-audit-triggers.ts'
import { ADMIN_KEY, startControlPlane, type ControlPlane } from './harness.ts'

interface Entry {
  readonly [member: string]: unknown
  readonly number: number
  readonly action: string
  readonly resource_type: string
  readonly before: { readonly [member: string]: unknown } | null
  readonly after: { readonly [member: string]: unknown } | null
}

/** The whole trail, oldest first. */
async function readTrail({ call }: ControlPlane, query = ''): Promise<readonly Entry[]> {
  const answer = await call('GET', `/audit-logs?after_number=0${query}`)
  return answer.body['records'] as unknown as Entry[]
}

const ACCOUNT = { name: 'Claude', ai_provider_id: 'anthropic', key: 'sk-ant-never-in-the-trail', slug: 'claude' }

it('an entry says who did what, from where and why, with the thing before and after', async () => {
  const plane = await startControlPlane()
  const { call, app, newKey, workspace } = plane
  await call('POST', '/integrations', ACCOUNT)
  const manager = await newKey(['providers.update', 'providers.list'], { name: 'Deploy key' })
  const rename = (workspaceSlug: string) =>
    app.inject({
      method: 'PUT',
      url: `/v1/providers/claude?workspace_id=${workspaceSlug}`,
      headers: {
        'x-portkey-api-key': manager.key,
        'content-type': 'application/json',
        'user-agent': 'deploy/1.0',
        'x-forwarded-for': '203.0.113.7',
        'x-portcullis-reason': Buffer.from('Umzug – nach Ticket 12').toString('latin1'),
      },
      payload: JSON.stringify({ name: 'Renamed' }),
    })
  // The other workspace does not exist for this key, and what was refused leaves no entry.
  expect((await rename('ws-other')).statusCode).toBe(404)
  expect((await rename(workspace.slug)).statusCode).toBe(200)
  const [entry, ...more] = await readTrail(plane, '&action=update')
  expect(more).toEqual([])
  expect(entry).toMatchObject({
    action: 'update',
    resource_type: 'provider',
    workspace_id: workspace.id,
    user_type: 'api_key',
    user_id: manager.id,
    user_name: 'Deploy key',
    method: 'PUT',
    uri: `/v1/providers/claude?workspace_id=${workspace.slug}`,
    query_params: { workspace_id: workspace.slug },
    client_ip: '127.0.0.1',
    request_id: expect.stringMatching(/^req_[0-9a-f]{32}$/),
    request_headers: { 'user-agent': 'deploy/1.0', 'x-forwarded-for': '203.0.113.7' },
    response_status_code: 200,
    reason: 'Umzug – nach Ticket 12',
    before: { slug: 'claude', name: 'claude' },
    after: { slug: 'claude', name: 'Renamed' },
  })
})

it('what an integration brings along and takes away has entries of its own', async () => {
  const plane = await startControlPlane()
  await plane.call('POST', '/integrations', ACCOUNT)
  await plane.call('DELETE', '/integrations/claude')
  const trail = await readTrail(plane)
  expect(trail.map(({ action, resource_type: type }) => `${action} ${type}`)).toEqual([
    'create integration',
    'create provider',
    'create provider',
    'delete integration',
    'delete provider',
    'delete provider',
  ])
  expect(trail.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6])
  expect(new Set(trail.map((entry) => entry['request_id'])).size).toBe(2)
})

it('keys that somebody loses with a role, a workspace or themselves have entries of their own', async () => {
  const plane = await startControlPlane()
  const ada = await signIn(plane, 'member', { role: 'manager' })
  const scopes = ['completions.write', 'providers.delete']
  const first = await plane.newKey(scopes, { type: 'user', user_id: ada.user.id })
  const path = `/admin/workspaces/${plane.workspace.id}/users`
  await plane.call('PUT', `${path}/${ada.user.id}`, { role: 'member' })
  await plane.call('DELETE', `${path}/${ada.user.id}`)
  await plane.call('POST', path, { users: [{ id: ada.user.id, role: 'member' }] })
  const second = await plane.newKey(['completions.write'], { type: 'user', user_id: ada.user.id })
  await plane.call('DELETE', `/admin/users/${ada.user.id}`)
  const told = (await readTrail(plane)).filter(
    ({ action, resource_type: type }) => type === 'key' && action !== 'create',
  )
  expect(told).toMatchObject([
    { action: 'update', resource_id: first.id, before: { scopes }, after: { scopes: ['completions.write'] } },
    { action: 'delete', resource_id: first.id, before: { status: 'active' }, after: null },
    { action: 'delete', resource_id: second.id, workspace_id: plane.workspace.id },
  ])
})

it('no secret enters the trail: neither credentials nor keys, nor a hash of them', async () => {
  const plane = await startControlPlane()
  const { call, store } = plane
  await call('POST', '/integrations', ACCOUNT)
  await call('PUT', '/integrations/claude', { key: 'sk-ant-another-secret' })
  const made = await plane.newKey(['completions.write'])
  await call('PUT', `/api-keys/${made.id}`, { name: 'Other' })
  const { hash } = await store.db
    .selectFrom('api_keys')
    .select('hash')
    .where('id', '=', made.id)
    .executeTakeFirstOrThrow()
  const text = JSON.stringify(await store.db.selectFrom('audit_entries').selectAll().execute())
  for (const secret of ['never-in-the-trail', 'another-secret', made.key, hash, ADMIN_KEY]) {
    expect(text).not.toContain(secret)
  }
  expect(text).toContain('Other')
})

it('a change and its entry are one: what fails leaves neither', async () => {
  const plane = await startControlPlane()
  await plane.call('POST', '/integrations', ACCOUNT)
  const before = await readTrail(plane)
  await sql`alter table audit_entries rename to audit_entries_elsewhere`.execute(plane.store.db)
  expect(await plane.call('PUT', '/integrations/claude', { name: 'Lost' })).toMatchObject({ status: 500 })
  await sql`alter table audit_entries_elsewhere rename to audit_entries`.execute(plane.store.db)
  expect((await plane.call('GET', '/integrations/claude')).body).toMatchObject({ name: 'Claude' })
  expect(await readTrail(plane)).toEqual(before)
})

it('what is too large to keep is told by its size and hash', async () => {
  const plane = await startControlPlane()
  const models = Array.from({ length: 1000 }, (_, at) => ({ slug: `${'x'.repeat(200)}-${at}` }))
  await plane.call('PUT', '/integrations/sandbox/models', { models })
  const [entry] = await readTrail(plane)
  expect(entry!.after).toEqual({
    too_large: true,
    characters: expect.any(Number),
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  expect((await plane.call('GET', '/audit-logs/verify')).body).toMatchObject({ intact: true, entries: 1 })
})

it('a change that notes nothing is refused as a mistake of ours, and undone', async () => {
  const { store, directory, clock, workspace } = await startControlPlane()
  const origin = {
    requestId: 'req_1',
    method: 'PUT',
    uri: '/v1/x',
    clientIp: '127.0.0.1',
    forwardedFor: undefined,
    userAgent: undefined,
    reason: undefined,
  }
  const caller = {
    kind: 'organisation-service' as const,
    keyId: undefined,
    userId: undefined,
    organisationId: workspace.organisationId,
    workspaceId: undefined,
    scopes: new Set<string>(),
    origin,
  }
  const act = { caller, action: 'delete', resource: 'workspace' }
  const quiet = audited({ store, directory, clock }, act, (tx) =>
    tx.deleteFrom('workspaces').where('slug', '=', 'ws-other').execute(),
  )
  await expect(quiet).rejects.toThrow('A change went unnoted: delete workspace.')
  const { items } = await listWorkspaces(store.db, workspace.organisationId)
  expect(items.map(({ slug }) => slug)).toContain('ws-other')
})

it('a reason that is too long to keep is refused', async () => {
  const { app } = await startControlPlane()
  const answer = await app.inject({
    method: 'DELETE',
    url: '/v1/integrations/sandbox',
    headers: { 'x-portkey-api-key': ADMIN_KEY, 'x-portcullis-reason': 'x'.repeat(501) },
  })
  expect(answer.statusCode).toBe(400)
  expect(answer.json().data.message).toContain('x-portcullis-reason')
})

describe('the chain', () => {
  async function withTrail() {
    const plane = await startControlPlane()
    for (const name of ['One', 'Two', 'Three', 'Four']) await plane.call('PUT', '/integrations/sandbox', { name })
    return {
      ...plane,
      verify: async (query = '') => (await plane.call('GET', `/audit-logs/verify${query}`)).body as unknown,
      /** What somebody does who has the file itself. */
      async tamper(statement: string) {
        await dropAuditTriggers(plane.store.db)
        await sql.raw(statement).execute(plane.store.db)
      },
    }
  }

  it('a trail that nobody touched is intact', async () => {
    const plane = await withTrail()
    const trail = await readTrail(plane)
    expect(trail[0]).toMatchObject({ previous_hash: '0'.repeat(64) })
    expect(trail[1]).toMatchObject({ previous_hash: trail[0]!['hash'] })
    expect(await plane.verify()).toMatchObject({
      intact: true,
      entries: 4,
      last: { number: 4, hash: trail[3]!['hash'] },
      problem: null,
    })
  })

  it('an empty trail is intact', async () => {
    const { call } = await startControlPlane()
    expect((await call('GET', '/audit-logs/verify')).body).toMatchObject({ intact: true, entries: 0, last: null })
  })

  it.each([
    'update audit_entries set reason = null',
    'delete from audit_entries',
    'delete from audit_entries where number = 4',
  ])('the store refuses: %s', async (statement) => {
    const { store } = await withTrail()
    await expect(sql.raw(statement).execute(store.db)).rejects.toThrow('only ever added to')
  })

  it.each([
    ['a column', `update audit_entries set reason = 'other' where number = 2`, 2, 'changed'],
    ['a document', `update audit_entries set after = replace(after, 'Two', 'Tow') where number = 2`, 2, 'changed'],
    ['a missing entry', `delete from audit_entries where number = 3`, 3, 'missing'],
    ['a missing beginning', `delete from audit_entries where number = 1`, 1, 'missing'],
  ])('%s that was tampered with is found and named', async (_what, statement, number, why) => {
    const plane = await withTrail()
    await plane.tamper(statement)
    expect(await plane.verify()).toMatchObject({
      intact: false,
      entries: number - 1,
      problem: { number, why: expect.stringContaining(why) },
    })
  })

  it('an entry that was changed and hashed again does not carry the next one', async () => {
    const plane = await withTrail()
    const row = await plane.store.db
      .selectFrom('audit_entries')
      .selectAll()
      .where('number', '=', 2)
      .executeTakeFirstOrThrow()
    const forged = hashOf({ ...row, reason: 'forged' })
    await plane.tamper(`update audit_entries set reason = 'forged', hash = '${forged}' where number = 2`)
    expect(await plane.verify()).toMatchObject({ problem: { number: 3, why: expect.stringContaining('follow') } })
  })

  it('an end that was cut off is found by an entry that was written down', async () => {
    const plane = await withTrail()
    const { last } = (await plane.verify()) as { last: { number: number; hash: string } }
    expect(await plane.verify(`?number=${last.number}&hash=${last.hash}`)).toMatchObject({ intact: true })
    await plane.tamper('delete from audit_entries where number = 4')
    expect(await plane.verify()).toMatchObject({ intact: true, entries: 3 })
    expect(await plane.verify(`?number=${last.number}&hash=${last.hash}`)).toMatchObject({
      intact: false,
      problem: { number: 4, why: expect.stringContaining('missing') },
    })
    expect(await plane.verify(`?number=3&hash=${last.hash}`)).toMatchObject({
      intact: false,
      problem: { number: 3, why: expect.stringContaining('written down') },
    })
  })
})

describe('asking the trail', () => {
  it('filters find what they name and nothing else', async () => {
    const plane = await startControlPlane()
    await plane.call('POST', '/integrations', ACCOUNT)
    await plane.call('PUT', '/integrations/claude', { name: 'Other' })
    const key = await plane.newKey(['providers.update'])
    await plane.call('PUT', `/providers/claude`, { name: 'By a key' }, key.key)
    const all = await readTrail(plane)
    expect(all).toHaveLength(6)
    const numbers = async (query: string) =>
      (await readTrail(plane, `&${query}`)).map(({ number }) => number).toSorted((one, other) => one - other)
    const last = all.at(-1)!
    expect(await numbers('action=update')).toEqual([4, 6])
    expect(await numbers('resource_type=provider')).toEqual([2, 3, 6])
    expect(await numbers(`resource_id=${String(all[0]!['resource_id'])}`)).toEqual([1, 4])
    expect(await numbers('method=put')).toEqual([4, 6])
    expect(await numbers(`uri=${encodeURIComponent('/v1/integrations/claude')}`)).toEqual([4])
    expect(await numbers(`request_id=${String(all[1]!['request_id'])}`)).toEqual([1, 2, 3])
    expect(await numbers(`user_id=${key.id}`)).toEqual([6])
    expect(await numbers('user_type=preset_key')).toEqual([1, 2, 3, 4, 5])
    expect(await numbers('client_ip=127.0.0.1&response_status_code=200')).toHaveLength(6)
    expect(await numbers('response_status_code=201')).toEqual([])
    expect(await numbers(`workspace_id=${plane.workspace.slug}`)).toEqual([3, 5, 6])
    expect(await numbers(`start_time=${String(last['timestamp'])}`)).toEqual([6])
    expect(await numbers('end_time=1999-01-01T00:00:00Z')).toEqual([])
    expect(await numbers(`organisation_id=${plane.workspace.organisationId}`)).toHaveLength(6)
    expect(await numbers('organisation_id=another')).toEqual([])
  })

  it('pages go backwards in time, and reading on goes forwards without missing one', async () => {
    const plane = await startControlPlane()
    for (const name of ['One', 'Two', 'Three']) await plane.call('PUT', '/integrations/sandbox', { name })
    const numbersOf = async (query: string) => {
      const { body } = await plane.call('GET', `/audit-logs?${query}`)
      return (body['records'] as unknown as Entry[]).map(({ number }) => number)
    }
    expect(await numbersOf('page_size=2')).toEqual([3, 2])
    expect(await numbersOf('page_size=2&current_page=1')).toEqual([1])
    expect(await numbersOf('after_number=0&page_size=2')).toEqual([1, 2])
    expect(await numbersOf('after_number=2&page_size=2')).toEqual([3])
  })
})

describe('sign-ins', () => {
  const request = {
    method: 'GET',
    url: '/signin?token=the-secret-of-a-link',
    ip: '192.0.2.4',
    headers: { 'user-agent': 'Firefox' },
  }

  it('who came in, was refused and left is in the trail, without the secret of the link', async () => {
    const plane = await startControlPlane()
    const { store, workspace } = plane
    const user = { id: 'user-1', email: 'ann@example.com' }
    const organisationId = workspace.organisationId
    for (const [number, action] of (['sign-in', 'sign-in-refused', 'sign-out'] as const).entries()) {
      await enterSignIn(store.db, { action, organisationId, user, way: 'link' }, request, number)
    }
    await enterSignIn(
      store.db,
      { action: 'sign-in-refused', organisationId, user: undefined, typed: 'x'.repeat(9_000), way: 'password' },
      request,
      9,
    )
    const trail = await readTrail(plane)
    expect(trail.map((entry) => [entry.action, entry['user_type'], entry['response_status_code']])).toEqual([
      ['sign-in', 'user', 200],
      ['sign-in-refused', 'nobody', 401],
      ['sign-out', 'user', 200],
      ['sign-in-refused', 'nobody', 401],
    ])
    expect(JSON.stringify(trail)).not.toContain('the-secret-of-a-link')
    expect(String(trail[3]!['user_name'])).toHaveLength(256)
    expect(trail[0]).toMatchObject({ uri: '/signin', client_ip: '192.0.2.4', user_name: 'ann@example.com' })
  })
})

it('a sign-in link that is made on the machine of the gateway is in the trail as the operator’s', async () => {
  const plane = await startControlPlane()
  await newSignInLink({ store: plane.store, keys: createKeyMaker(Buffer.alloc(32, 1)), clock: plane.clock })
  expect(await readTrail(plane, '&user_type=operator')).toMatchObject([
    { action: 'create-sign-in-link', resource_type: 'user', resource_id: expect.any(String), uri: '--signin-link' },
  ])
})

it('the trail has no endpoint that writes to it', () => {
  const writing = ADMIN_ROUTES.filter(({ path, method }) => path.startsWith('/audit-logs') && method !== 'GET')
  expect(writing).toEqual([])
})
