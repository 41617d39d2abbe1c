import { describe, expect, it } from 'vitest'
import { sessionHeaders, signIn, type Actor } from './actors.ts'
import { ALL_WORKSPACE_SCOPES, startControlPlane, type ControlPlane, type Method } from './harness.ts'

/** Asks as somebody who signed in. */
function asked({ app }: ControlPlane, actor: Pick<Actor, 'headers'>) {
  return async (method: Method, path: string, body?: unknown, more: Record<string, string> = {}) => {
    const response = await app.inject({
      method,
      url: `/v1${path}`,
      headers: { ...actor.headers, ...more, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    })
    return { status: response.statusCode, body: response.json(), text: response.body }
  }
}

const ORIGIN = { origin: 'http://gateway.example.com' }

function accept({ app }: ControlPlane, link: string, fields: Record<string, string> = {}, headers = ORIGIN) {
  const token = new URL(link).searchParams.get('token') ?? ''
  return app.inject({
    method: 'POST',
    url: '/invite',
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ token, first_name: 'Ada', last_name: 'Lovelace', ...fields }).toString(),
  })
}

async function invite({ call, workspace }: ControlPlane, more: object = {}): Promise<string> {
  const workspaces = [{ id: workspace.slug, role: 'manager' }]
  const made = await call('POST', '/admin/users/invites', { email: 'Ada@Example.com', workspaces, ...more })
  expect(made.status, made.text).toBe(200)
  return String(made.body['invite_link'])
}

describe('an invite', () => {
  it('makes a user of who opens its link: member where it says, signed in, with the key it promised', async () => {
    const plane = await startControlPlane()
    const link = await invite(plane, { workspace_api_key_details: { scopes: ['completions.write'] } })
    expect((await plane.app.inject({ url: new URL(link).pathname + new URL(link).search })).body).toContain(
      'ada@example.com',
    )
    const done = await accept(plane, link, { password: 'correct horse battery' })
    expect(done.statusCode).toBe(200)
    const key = /settings for \S+ with (\S+?)</.exec(done.body)?.[1] ?? ''
    expect(done.body).toContain(`npx http://gateway.example.com/cli.tgz connect --key ${key}<`)
    expect(plane.directory.find(key)).toMatchObject({ state: 'active', caller: { workspaceId: plane.workspace.id } })
    expect((await plane.call('GET', '/admin/users/ada@example.com')).body).toMatchObject({
      first_name: 'Ada',
      role: 'member',
      has_password: true,
      workspace_ids: [plane.workspace.id],
    })
    const cookie = `${done.cookies[0]?.name}=${done.cookies[0]?.value}`
    const session = await asked(plane, { headers: { cookie } })('GET', '/sessions/current')
    expect(session.body).toMatchObject({ user: { email: 'ada@example.com' }, workspace: { role: 'manager' } })
    expect((await plane.call('GET', '/admin/users/invites?status=accepted')).body).toMatchObject({ total: 1 })
    const trail = (await plane.call('GET', '/audit-logs?user_type=user')).body as unknown as { records: object[] }
    expect(trail.records).toMatchObject([
      { action: 'create', resource_type: 'key', workspace_id: plane.workspace.id, user_name: 'ada@example.com' },
      { action: 'accept', resource_type: 'invite' },
      { action: 'sign-in', resource_type: 'session' },
    ])
  })

  it('works once, even for two at the same moment', async () => {
    const plane = await startControlPlane()
    const link = await invite(plane)
    const both = await Promise.all([accept(plane, link), accept(plane, link)])
    expect(both.map(({ statusCode }) => statusCode).toSorted()).toEqual([303, 403])
    expect((await accept(plane, link)).statusCode).toBe(403)
  })

  it('is too old after seven days, and sent again it works, by its new link only', async () => {
    const plane = await startControlPlane()
    const old = await invite(plane)
    plane.clock.advance(7 * 24 * 3_600_000)
    expect((await accept(plane, old)).statusCode).toBe(403)
    const { body } = await plane.call('GET', '/admin/users/invites?status=expired')
    const again = await plane.call('POST', `/admin/users/invites/${String(body.data[0]?.['id'])}/resend`)
    expect((await accept(plane, old)).statusCode).toBe(403)
    expect((await accept(plane, String(again.body['inviteLink']))).statusCode).toBe(303)
  })

  it('that is too old is not sent again once there is another one, nor to who is a user by now', async () => {
    const plane = await startControlPlane()
    await invite(plane)
    plane.clock.advance(7 * 24 * 3_600_000)
    const { body } = await plane.call('GET', '/admin/users/invites?status=expired')
    const again = `/admin/users/invites/${String(body.data[0]?.['id'])}/resend`
    const link = await invite(plane)
    expect(await plane.call('POST', again)).toMatchObject({
      status: 409,
      text: expect.stringContaining('invited already'),
    })
    expect((await accept(plane, link)).statusCode).toBe(303)
    expect(await plane.call('POST', again)).toMatchObject({ status: 409, text: expect.stringContaining('is a user') })
  })

  it('opens nothing once it is cancelled', async () => {
    const plane = await startControlPlane()
    const link = await invite(plane)
    const { body } = await plane.call('GET', '/admin/users/invites')
    await plane.call('DELETE', `/admin/users/invites/${String(body.data[0]?.['id'])}`)
    expect((await accept(plane, link)).statusCode).toBe(403)
  })

  it('is not accepted by a page elsewhere, nor with a short password', async () => {
    const plane = await startControlPlane()
    const link = await invite(plane)
    expect((await accept(plane, link, {}, { origin: 'http://evil.example.com' })).statusCode).toBe(403)
    const short = await accept(plane, link, { password: 'short' })
    expect([short.statusCode, short.body]).toEqual([400, expect.stringContaining('at least 12 characters')])
    expect((await plane.call('GET', '/admin/users')).body).toMatchObject({ total: 1 })
  })

  it.each(['ada@example.com', 'ADA@example.com', 'ａda@example.com'])('%s is not invited twice', async (email) => {
    const plane = await startControlPlane()
    const link = await invite(plane)
    expect((await plane.call('POST', '/admin/users/invites', { email })).status).toBe(409)
    await accept(plane, link)
    expect((await plane.call('POST', '/admin/users/invites', { email })).status).toBe(409)
  })

  it('promises no key that could do more than the role', async () => {
    const { call, workspace } = await startControlPlane()
    const refused = await call('POST', '/admin/users/invites', {
      email: 'ada@example.com',
      workspaces: [{ id: workspace.id, role: 'member' }],
      workspace_api_key_details: { scopes: ['providers.delete'] },
    })
    expect(refused).toMatchObject({
      status: 400,
      body: { data: { message: expect.stringContaining('providers.delete') } },
    })
  })

  it('its link is in no answer but the first, and nowhere in the store', async () => {
    const plane = await startControlPlane()
    const token = new URL(await invite(plane)).searchParams.get('token')!
    expect((await plane.call('GET', '/admin/users/invites')).text).not.toContain(token)
    const rows = [
      await plane.store.db.selectFrom('invites').selectAll().execute(),
      await plane.store.db.selectFrom('audit_entries').selectAll().execute(),
    ]
    expect(JSON.stringify(rows)).not.toContain(token)
  })
})

describe('a person', () => {
  it('who is suspended is out with the next request, and comes back as they were', async () => {
    const plane = await startControlPlane()
    const ada = await signIn(plane, 'member', { role: 'member' })
    const path = `/admin/users/${ada.user.id}`
    await plane.call('PUT', path, { status: 'suspended' })
    expect((await asked(plane, ada)('GET', '/sessions/current')).status).toBe(401)
    expect((await plane.call('POST', `${path}/sign-in-link`)).status).toBe(409)
    await plane.call('PUT', path, { status: 'active' })
    const again = { headers: await sessionHeaders(plane, ada.user) }
    expect((await asked(plane, again)('GET', '/sessions/current')).body).toMatchObject({
      workspace: { role: 'member' },
    })
  })

  it('who is removed leaves no key that works and no session', async () => {
    const plane = await startControlPlane()
    const ada = await signIn(plane, 'member', { role: 'member' })
    const { key } = await plane.newKey(['completions.write'], { type: 'user', user_id: ada.user.id })
    await plane.call('DELETE', `/admin/users/${ada.user.id}`)
    expect(plane.directory.find(key)).toEqual({ state: 'revoked' })
    expect((await asked(plane, ada)('GET', '/sessions/current')).status).toBe(401)
    expect((await plane.call('GET', `/admin/users/${ada.user.id}`)).status).toBe(404)
  })

  it.each([
    ['demoted', 'PUT', { role: 'admin' }],
    ['suspended', 'PUT', { status: 'suspended' }],
    ['removed', 'DELETE', undefined],
  ] as const)('who is the last owner is not %s', async (_what, method, body) => {
    const plane = await startControlPlane()
    expect((await plane.call(method, '/admin/users/admin@localhost', body)).status).toBe(409)
    const second = await signIn(plane, 'owner')
    await plane.call('PUT', `/admin/users/${second.user.id}`, { status: 'suspended' })
    expect((await plane.call(method, '/admin/users/admin@localhost', body)).status).toBe(409)
    await plane.call('PUT', `/admin/users/${second.user.id}`, { status: 'active' })
    expect((await plane.call(method, '/admin/users/admin@localhost', body)).status).toBe(200)
  })
})

describe('a workspace', () => {
  it('is made with a provider for every integration that is open to all, and its members', async () => {
    const plane = await startControlPlane()
    const ada = await signIn(plane, 'member')
    const made = await plane.call('POST', '/admin/workspaces', {
      name: 'Data Science',
      defaults: { provider: '@sandbox', metadata: { team: 'data' } },
      users: [{ id: ada.user.email, role: 'manager' }],
    })
    expect(made.body).toMatchObject({
      slug: 'ws-data-science',
      defaults: { provider: '@sandbox', metadata: { team: 'data' } },
      users: [{ id: ada.user.id, role: 'manager' }],
    })
    expect((await plane.call('GET', '/providers?workspace_id=ws-data-science')).body).toMatchObject({
      data: [{ slug: 'sandbox' }],
    })
    expect((await asked(plane, ada)('GET', '/providers')).body).toMatchObject({ total: 1 })
  })

  it.each(['other', 'OTHER', ' Other ', 'Ｏther', 'Oth\u200Ber'])('%j is taken where there is Other', async (name) => {
    const { call, workspace } = await startControlPlane()
    expect((await call('POST', '/admin/workspaces', { name })).status).toBe(409)
    expect((await call('PUT', `/admin/workspaces/${workspace.id}`, { name })).status).toBe(409)
  })

  it('is removed by its name, and with what is in it only when that is said', async () => {
    const { call, newKey, otherWorkspace, directory } = await startControlPlane()
    const { key } = await newKey(ALL_WORKSPACE_SCOPES, { workspace_id: otherWorkspace.id })
    const remove = (body: object) => call('DELETE', `/admin/workspaces/${otherWorkspace.id}`, body)
    expect((await remove({})).status).toBe(400)
    expect((await remove({ name: 'Payments', force_delete: true })).status).toBe(400)
    expect(await remove({ name: 'Other' })).toMatchObject({ status: 409, body: { data: { errorCode: 'AB07' } } })
    expect((await remove({ name: 'Other', force_delete: true })).status).toBe(200)
    expect(directory.find(key)).toEqual({ state: 'revoked' })
    expect((await call('GET', `/admin/workspaces/${otherWorkspace.id}`)).status).toBe(404)
  })

  it('that is the default one stays', async () => {
    const { call, workspace } = await startControlPlane()
    const body = { name: workspace.name, force_delete: true }
    expect((await call('DELETE', `/admin/workspaces/${workspace.id}`, body)).status).toBe(409)
  })

  it('who is taken out of it loses their keys there, who is demoted what the role cannot do', async () => {
    const plane = await startControlPlane()
    const { call, newKey, directory, workspace } = plane
    const ada = await signIn(plane, 'member', { role: 'manager' })
    const scopes = ['completions.write', 'providers.delete']
    const { id, key } = await newKey(scopes, { type: 'user', user_id: ada.user.id })
    const path = `/admin/workspaces/${workspace.id}/users/${ada.user.id}`
    await call('PUT', path, { role: 'member' })
    expect((await call('GET', `/api-keys/${id}`)).body).toMatchObject({ scopes: ['completions.write'] })
    await call('DELETE', path)
    expect(directory.find(key)).toEqual({ state: 'revoked' })
    expect((await call('GET', path)).status).toBe(404)
  })

  it('who was an admin of the organisation keeps no key where they are no member', async () => {
    const plane = await startControlPlane()
    const admin = await signIn(plane, 'admin')
    const { key } = await plane.newKey(['completions.write'], { type: 'user', user_id: admin.user.id })
    await plane.call('PUT', `/admin/users/${admin.user.id}`, { role: 'member' })
    expect(plane.directory.find(key)).toEqual({ state: 'revoked' })
  })
})
