import { describe, expect, it } from 'vitest'
import { signIn, type Actor } from './actors.ts'
import { startControlPlane, type ControlPlane, type Method } from './harness.ts'

/** Asks as somebody and answers the status. */
function asking({ app }: ControlPlane) {
  return async (actor: Actor, method: Method, path: string, body?: unknown, more: Record<string, string> = {}) => {
    const response = await app.inject({
      method,
      url: `/v1${path}`,
      headers: { ...actor.headers, ...more, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    })
    return { status: response.statusCode, body: response.json() }
  }
}

describe('nobody gives a role above their own', () => {
  it.each([
    ['admin', 'member', 'admin', 200],
    ['admin', 'member', 'owner', 403],
    ['admin', 'owner', 'member', 403],
    ['admin', 'admin', 'member', 200],
    ['owner', 'member', 'owner', 200],
    ['owner', 'owner', 'member', 200],
  ] as const)('%s makes of %s %s: %i', async (who, from, to, status) => {
    const plane = await startControlPlane()
    const ask = asking(plane)
    const [actor, other] = [await signIn(plane, who), await signIn(plane, from)]
    expect((await ask(actor, 'PUT', `/admin/users/${other.user.id}`, { role: to })).status).toBe(status)
  })

  it('an admin neither signs in as an owner nor invites one', async () => {
    const plane = await startControlPlane()
    const ask = asking(plane)
    const admin = await signIn(plane, 'admin')
    expect((await ask(admin, 'POST', '/admin/users/admin@localhost/sign-in-link')).status).toBe(403)
    const invite = { email: 'ada@example.com', role: 'owner' }
    expect((await ask(admin, 'POST', '/admin/users/invites', invite)).status).toBe(403)
  })

  it('a key with the scope alone makes members, and neither admins nor keys beyond itself', async () => {
    const plane = await startControlPlane()
    const ask = asking(plane)
    const scopes = ['organisation_users.create', 'organisation_users.update', 'organisation_service_api_keys.create']
    const made = await plane.call('POST', '/api-keys/organisation/service', { name: 'People', scopes })
    const key = { name: 'key', headers: { 'x-portkey-api-key': String(made.body['key']) } }
    const member = await signIn(plane, 'member')
    expect((await ask(key, 'PUT', `/admin/users/${member.user.id}`, { role: 'admin' })).status).toBe(403)
    expect((await ask(key, 'POST', '/admin/users/invites', { email: 'a@example.com', role: 'admin' })).status).toBe(403)
    expect((await ask(key, 'POST', '/admin/users/invites', { email: 'a@example.com' })).status).toBe(200)
    const wider = { name: 'Wider', scopes: ['workspaces.delete'] }
    expect((await ask(key, 'POST', '/api-keys/organisation/service', wider)).status).toBe(403)
  })

  it('a key with the scope alone becomes nobody who may do more', async () => {
    const plane = await startControlPlane()
    const ask = asking(plane)
    const scopes = ['organisation_users.create', 'organisation_users.update']
    const made = await plane.call('POST', '/api-keys/organisation/service', { name: 'People', scopes })
    const key = { name: 'key', headers: { 'x-portkey-api-key': String(made.body['key']) } }
    const invite = async (email: string, role: string) => {
      const wish = { email, workspaces: [{ id: plane.workspace.id, role }] }
      return String((await plane.call('POST', '/admin/users/invites', wish)).body['id'])
    }
    for (const [role, status] of [
      ['admin', 403],
      ['manager', 403],
      ['member', 200],
    ] as const) {
      const { user } = await signIn(plane, 'member', { role })
      expect((await ask(key, 'POST', `/admin/users/${user.id}/sign-in-link`)).status, role).toBe(status)
      const id = await invite(`${role}@example.com`, role)
      expect((await ask(key, 'POST', `/admin/users/invites/${id}/resend`)).status, role).toBe(status)
    }
  })

  it.each([
    ['manager', 'manager', 200],
    ['manager', 'admin', 403],
    ['admin', 'admin', 200],
    ['member', 'member', 403],
  ] as const)('a workspace %s makes members %s: %i', async (who, role, status) => {
    const plane = await startControlPlane()
    const actor = await signIn(plane, 'member', { role: who })
    const newcomer = await signIn(plane, 'member')
    const users = [{ id: newcomer.user.email, role }]
    const answer = await asking(plane)(actor, 'POST', `/admin/workspaces/${plane.workspace.slug}/users`, { users })
    expect(answer.status).toBe(status)
  })

  it('a manager neither demotes an admin of the workspace nor takes one out', async () => {
    const plane = await startControlPlane()
    const ask = asking(plane)
    const manager = await signIn(plane, 'member', { role: 'manager' })
    const admin = await signIn(plane, 'member', { role: 'admin' })
    const path = `/admin/workspaces/${plane.workspace.id}/users/${admin.user.id}`
    expect((await ask(manager, 'PUT', path, { role: 'member' })).status).toBe(403)
    expect((await ask(manager, 'DELETE', path)).status).toBe(403)
  })

  it("a person's key cannot do more than the person", async () => {
    const plane = await startControlPlane()
    const ask = asking(plane)
    const manager = await signIn(plane, 'member', { role: 'manager' })
    const member = await signIn(plane, 'member', { role: 'member' })
    const stranger = await signIn(plane, 'member')
    const forSomebody = (id: string, scopes: string[]) =>
      ask(manager, 'POST', '/api-keys/workspace/user', { name: 'Key', user_id: id, scopes })
    expect((await forSomebody(member.user.id, ['completions.write'])).status).toBe(200)
    expect((await forSomebody(member.user.id, ['providers.delete'])).status).toBe(400)
    expect((await forSomebody(stranger.user.id, ['completions.write'])).status).toBe(400)
    // An owner who is no member of the workspace: nobody spends in their name.
    const owner = await signIn(plane, 'owner')
    expect((await forSomebody(owner.user.id, ['completions.write'])).status).toBe(400)
  })
})

describe('a member', () => {
  it('keeps keys of their own and sees no others', async () => {
    const plane = await startControlPlane()
    const ask = asking(plane)
    const ada = await signIn(plane, 'member', { role: 'member' })
    const bob = await signIn(plane, 'member', { role: 'member' })
    const mine = await ask(ada, 'POST', '/api-keys/workspace/user', { name: 'Mine' })
    expect(mine.status).toBe(200)
    const forBob = { name: 'His', user_id: bob.user.id }
    expect((await ask(ada, 'POST', '/api-keys/workspace/user', forBob)).status).toBe(403)
    expect((await ask(ada, 'POST', '/api-keys/workspace/service', { name: 'CI' })).status).toBe(403)
    const path = `/api-keys/${String(mine.body.id)}`
    expect((await ask(bob, 'GET', path)).status).toBe(404)
    expect((await ask(bob, 'GET', '/api-keys')).body).toMatchObject({ total: 0 })
    expect((await ask(ada, 'POST', `${path}/rotate`, {})).status).toBe(200)
    expect((await ask(ada, 'DELETE', path)).status).toBe(200)
  })

  it('of several workspaces has one in view, by header, query, body or address', async () => {
    const plane = await startControlPlane()
    const { workspace, otherWorkspace } = plane
    const ask = asking(plane)
    const ada = await signIn(plane, 'member', { role: 'member' })
    await plane.call('POST', `/admin/workspaces/${otherWorkspace.id}/users`, {
      users: [{ id: ada.user.id, role: 'manager' }],
    })
    const inView = async (path: string, headers = {}) => (await ask(ada, 'GET', path, undefined, headers)).body
    expect(await inView('/sessions/current')).toMatchObject({
      workspace: { id: workspace.id, role: 'member' },
      workspaces: [{ id: workspace.id }, { id: otherWorkspace.id }],
    })
    const header = { 'x-portcullis-workspace': otherWorkspace.slug }
    expect(await inView('/sessions/current', header)).toMatchObject({ workspace: { role: 'manager' } })
    expect(await inView(`/admin/workspaces/${otherWorkspace.slug}`)).toMatchObject({ id: otherWorkspace.id })
    expect((await ask(ada, 'GET', `/api-keys?workspace_id=${otherWorkspace.id}`)).status).toBe(200)
    const key = { name: 'CI', scopes: ['completions.write'] }
    expect((await ask(ada, 'POST', '/api-keys/workspace/service', key)).status).toBe(403)
    const there = { ...key, workspace_id: otherWorkspace.id }
    const made = await ask(ada, 'POST', '/api-keys/workspace/service', there)
    expect(made.status).toBe(200)
    // In the body the other one is named, and the header says which is in view: they have to agree.
    const both = { 'x-portcullis-workspace': workspace.slug }
    expect((await ask(ada, 'POST', '/api-keys/workspace/service', there, both)).status).toBe(403)
  })

  it('finds that other workspaces do not exist', async () => {
    const plane = await startControlPlane()
    const ask = asking(plane)
    const ada = await signIn(plane, 'member', { role: 'admin' })
    const other = plane.otherWorkspace.slug
    expect((await ask(ada, 'GET', '/providers', undefined, { 'x-portcullis-workspace': other })).status).toBe(404)
    expect((await ask(ada, 'GET', `/providers?workspace_id=${other}`)).status).toBe(404)
    expect((await ask(ada, 'PUT', `/admin/workspaces/${other}`, { name: 'Mine' })).status).toBe(404)
    const key = { name: 'x', scopes: ['completions.write'], workspace_id: other }
    expect((await ask(ada, 'POST', '/api-keys/workspace/service', key)).status).toBe(404)
  })

  it('sees their own requests, a manager those of the workspace', async () => {
    const plane = await startControlPlane()
    const ask = asking(plane)
    const { exchangeRow } = await import('../store/rows.ts')
    const ada = await signIn(plane, 'member', { role: 'member' })
    const manager = await signIn(plane, 'member', { role: 'manager' })
    const ours = { organisation_id: plane.workspace.organisationId, workspace_id: plane.workspace.id }
    await plane.store.insertMany('exchanges', [
      exchangeRow({ ...ours, id: 'req_hers', user_id: ada.user.id }),
      exchangeRow({ ...ours, id: 'req_somebodys' }),
    ])
    expect((await ask(ada, 'GET', '/logs')).body.data.map(({ id }: { id: string }) => id)).toEqual(['req_hers'])
    expect((await ask(ada, 'GET', '/logs/req_somebodys')).status).toBe(404)
    expect((await ask(manager, 'GET', '/logs')).body.data).toHaveLength(2)
  })
})
