import { describe, expect, it } from 'vitest'
import { ALL_WORKSPACE_SCOPES, startControlPlane } from './harness.ts'

const SECOND = { name: 'Second Sandbox', integration_id: 'sandbox' }

describe('providers', () => {
  it('a new one serves in its workspace, under a slug made of its name', async () => {
    const { call, directory, workspace, otherWorkspace } = await startControlPlane()
    const created = await call('POST', '/providers', {
      ...SECOND,
      workspace_id: otherWorkspace.slug,
      note: 'for load tests',
    })
    expect(created).toMatchObject({ status: 200, body: { slug: 'second-sandbox' } })
    expect(directory.provider(otherWorkspace.id, 'second-sandbox')).toMatchObject({ kind: 'scripted' })
    expect(directory.provider(workspace.id, 'second-sandbox')).toBeUndefined()
    expect(await call('GET', `/providers/${String(created.body['id'])}`)).toMatchObject({
      status: 200,
      body: {
        name: 'Second Sandbox',
        slug: 'second-sandbox',
        provider: 'scripted',
        ai_provider_name: 'scripted',
        workspace_id: otherWorkspace.id,
        workspace_name: 'Other',
        note: 'for load tests',
        status: 'active',
        object: 'provider',
      },
    })
  })

  it('an administrator has to name the workspace while there are several', async () => {
    const { call } = await startControlPlane()
    expect(await call('POST', '/providers', SECOND)).toMatchObject({ status: 400 })
    expect(await call('POST', '/providers', { ...SECOND, workspace_id: 'ws-nowhere' })).toMatchObject({ status: 404 })
  })

  it.each(['cf', 'hf', 'With Space', '-a', '@a', 'a/b', 'ü', ''])('the slug "%s" is refused', async (slug) => {
    const { call } = await startControlPlane()
    expect(await call('POST', '/providers', { ...SECOND, slug, workspace_id: 'ws-other' })).toMatchObject({
      status: 400,
    })
  })

  it('a slug that is taken in the workspace is a conflict, in another one it is free', async () => {
    const { call, workspace } = await startControlPlane()
    const taken = { ...SECOND, slug: 'sandbox' }
    expect(await call('POST', '/providers', { ...taken, workspace_id: workspace.id })).toMatchObject({ status: 409 })
    expect(await call('POST', '/providers', { ...taken, workspace_id: 'ws-other' })).toMatchObject({ status: 200 })
    expect((await call('GET', '/providers/sandbox')).status).toBe(400)
    expect((await call('GET', '/providers/@sandbox?workspace_id=ws-other')).status).toBe(200)
  })

  it('of two requests for one slug at the same time, one gets it', async () => {
    const { call } = await startControlPlane()
    const wishes = [1, 2, 3].map(() =>
      call('POST', '/providers', { ...SECOND, slug: 'wanted', workspace_id: 'ws-other' }),
    )
    expect((await Promise.all(wishes)).map(({ status }) => status).toSorted()).toEqual([200, 409, 409])
  })

  it('name and note change, the rest stays', async () => {
    const { call } = await startControlPlane()
    expect(await call('PUT', '/providers/sandbox', { name: 'Play', note: 'free' })).toMatchObject({
      status: 200,
      body: { slug: 'sandbox' },
    })
    expect((await call('GET', '/providers/sandbox')).body).toMatchObject({
      name: 'Play',
      note: 'free',
      slug: 'sandbox',
    })
    expect(await call('PUT', '/providers/sandbox', { slug: 'other' })).toMatchObject({ status: 400 })
  })

  it('a deleted one serves no more and is gone', async () => {
    const { call, directory, workspace } = await startControlPlane()
    expect(await call('DELETE', '/providers/sandbox')).toMatchObject({ status: 200, body: {} })
    expect(directory.providers(workspace.id)).toEqual([])
    expect((await call('GET', '/providers/sandbox')).status).toBe(404)
    expect((await call('DELETE', '/providers/sandbox')).status).toBe(404)
  })

  it("a workspace's key sees and changes its own workspace only", async () => {
    const { call, newKey, otherWorkspace } = await startControlPlane()
    const theirs = await call('POST', '/providers', { ...SECOND, slug: 'theirs', workspace_id: otherWorkspace.id })
    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    const list = await call('GET', '/providers', undefined, key)
    expect(list.body.data.map(({ slug }) => slug)).toEqual(['sandbox'])
    for (const path of [
      '/providers/theirs',
      `/providers/${String(theirs.body['id'])}`,
      '/providers?workspace_id=ws-other',
    ]) {
      expect((await call('GET', path, undefined, key)).status).toBe(404)
    }
    expect((await call('DELETE', '/providers/theirs', undefined, key)).status).toBe(404)
    expect((await call('PUT', '/providers/theirs?workspace_id=ws-other', { name: 'Mine' }, key)).status).toBe(404)
    expect((await call('POST', '/providers', { ...SECOND, workspace_id: 'ws-other' }, key)).status).toBe(404)
    expect((await call('POST', '/providers', SECOND, key)).status).toBe(200)
  })

  it('serves nobody from its end on, and says so', async () => {
    const { call, clock, workspace } = await startControlPlane()
    const path = `/providers/sandbox?workspace_id=${workspace.id}`
    const expires_at = new Date(clock.now() + 3_600_000).toISOString()
    expect((await call('PUT', path, { expires_at })).status).toBe(200)
    expect((await call('GET', path)).body).toMatchObject({ status: 'active', expires_at })
    clock.advance(3_600_000)
    expect((await call('GET', path)).body).toMatchObject({ status: 'expired' })
    expect((await call('PUT', path, { expires_at })).status).toBe(400)
    await call('PUT', path, { expires_at: null })
    expect((await call('GET', path)).body).toMatchObject({ status: 'active', expires_at: null })
  })
})
