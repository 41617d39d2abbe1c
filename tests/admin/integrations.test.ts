import { describe, expect, it } from 'vitest'
import { ALL_WORKSPACE_SCOPES, startControlPlane } from './harness.ts'

const CLAUDE = { name: 'Claude Prod', ai_provider_id: 'anthropic', key: 'sk-ant-api03-very-secret-credential-1234' }

describe('creating an integration', () => {
  it('makes a provider in every workspace, which serves with the next request', async () => {
    const { call, directory, workspace, otherWorkspace } = await startControlPlane()
    const created = await call('POST', '/integrations', CLAUDE)
    expect(created).toMatchObject({ status: 200, body: { slug: 'claude-prod' } })
    for (const { id } of [workspace, otherWorkspace]) {
      const upstream = directory.provider(id, 'claude-prod')
      expect(upstream).toMatchObject({ kind: 'anthropic', origin: 'https://api.anthropic.com', basePath: '/v1' })
      expect(upstream?.credential()).toEqual({ key: CLAUDE.key })
    }
  })

  it('never shows the credential again, only its end', async () => {
    const { call } = await startControlPlane()
    const { text } = await call('POST', '/integrations', CLAUDE)
    expect(text).not.toContain('secret')
    for (const path of [
      '/integrations',
      '/integrations/claude-prod',
      '/providers',
      '/providers/claude-prod?workspace_id=ws-other',
    ]) {
      const answer = await call('GET', path)
      expect(answer.status).toBe(200)
      expect(answer.text).not.toContain('very-secret')
    }
    const { body } = await call('GET', '/integrations/claude-prod')
    expect(body['masked_key']).toBe('••••1234')
  })

  it('keeps the credential out of the store in clear', async () => {
    const { call, store } = await startControlPlane()
    await call('POST', '/integrations', CLAUDE)
    const rows = await store.db.selectFrom('integrations').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain(CLAUDE.key)
  })

  it('for one workspace leaves the other without it', async () => {
    const { call, directory, workspace, otherWorkspace } = await startControlPlane()
    await call('POST', '/integrations', { ...CLAUDE, workspace_id: 'ws-other', default_provider_slug: 'mine' })
    expect(directory.provider(otherWorkspace.id, 'mine')).toBeDefined()
    expect(directory.provider(workspace.id, 'mine')).toBeUndefined()
    const refused = await call('POST', '/providers', {
      name: 'x',
      integration_id: 'claude-prod',
      workspace_id: workspace.id,
    })
    expect(refused.status).toBe(404)
  })

  it('makes no provider when asked not to', async () => {
    const { call, directory, workspace } = await startControlPlane()
    await call('POST', '/integrations', { ...CLAUDE, create_default_provider: false })
    expect(directory.providers(workspace.id).map(({ slug }) => slug)).toEqual(['sandbox'])
  })

  it('refuses a slug that is taken, and finds a free one when none is asked for', async () => {
    const { call } = await startControlPlane()
    await call('POST', '/integrations', CLAUDE)
    expect(await call('POST', '/integrations', CLAUDE)).toMatchObject({ status: 200, body: { slug: 'claude-prod-2' } })
    expect(await call('POST', '/integrations', { ...CLAUDE, slug: 'claude-prod' })).toMatchObject({
      status: 409,
      body: { data: { errorCode: 'AB07' } },
    })
  })

  it('undoes everything when the default provider cannot be made', async () => {
    const { call } = await startControlPlane()
    const refused = await call('POST', '/integrations', { ...CLAUDE, slug: 'new', default_provider_slug: 'sandbox' })
    expect(refused.status).toBe(409)
    expect((await call('GET', '/integrations/new')).status).toBe(404)
  })

  it('asks for the credential where one is needed', async () => {
    const { call } = await startControlPlane()
    const { key: _key, ...keyless } = CLAUDE
    expect(await call('POST', '/integrations', keyless)).toMatchObject({ status: 400 })
    expect(await call('POST', '/integrations', { name: 'Play', ai_provider_id: 'scripted' })).toMatchObject({
      status: 200,
    })
  })
})

describe('a custom host', () => {
  const withHost = (host: string) => ({ ...CLAUDE, configurations: { custom_host: host } })

  it.each([
    'http://169.254.169.254/latest',
    'https://localhost/v1',
    'https://2130706433',
    'http://api.anthropic.com/v1',
    'https://a@b.com',
  ])('%s is refused', async (host) => {
    const { call } = await startControlPlane()
    const refused = await call('POST', '/integrations', withHost(host))
    expect(refused).toMatchObject({
      status: 400,
      body: { data: { message: expect.stringContaining('configurations.custom_host') } },
    })
  })

  it('that an operator trusts is where the credential goes', async () => {
    const { call, directory, workspace } = await startControlPlane({ trustedHosts: ['127.0.0.1:9000'] })
    await call('POST', '/integrations', withHost('http://127.0.0.1:9000/anthropic/v1'))
    expect(directory.provider(workspace.id, 'claude-prod')).toMatchObject({
      origin: 'http://127.0.0.1:9000',
      basePath: '/anthropic/v1',
      trustedHost: true,
    })
  })

  it('cannot be changed without sending the credential again', async () => {
    const { call, directory, workspace } = await startControlPlane()
    await call('POST', '/integrations', CLAUDE)
    const configurations = { custom_host: 'https://collector.example.net/v1' }
    expect(await call('PUT', '/integrations/claude-prod', { configurations })).toMatchObject({ status: 400 })
    expect(directory.provider(workspace.id, 'claude-prod')).toMatchObject({ origin: 'https://api.anthropic.com' })

    expect(
      await call('PUT', '/integrations/claude-prod', { configurations, key: 'sk-another-credential' }),
    ).toMatchObject({ status: 200 })
    const upstream = directory.provider(workspace.id, 'claude-prod')
    expect(upstream).toMatchObject({ origin: 'https://collector.example.net' })
    expect(upstream?.credential()).toEqual({ key: 'sk-another-credential' })
  })

  it('may change its path and keep the credential', async () => {
    const { call, directory, workspace } = await startControlPlane()
    await call('POST', '/integrations', withHost('https://llm.example.net/v1'))
    const configurations = { custom_host: 'https://llm.example.net/anthropic/v1', auth_scheme: 'bearer' }
    expect(await call('PUT', '/integrations/claude-prod', { configurations })).toMatchObject({ status: 200 })
    expect(directory.provider(workspace.id, 'claude-prod')?.credential()).toEqual({ key: CLAUDE.key })
  })
})

describe('reading and changing an integration', () => {
  it('works by id and by slug', async () => {
    const { call } = await startControlPlane()
    const { body } = await call('POST', '/integrations', CLAUDE)
    for (const reference of [String(body['id']), 'claude-prod']) {
      expect(await call('GET', `/integrations/${reference}`)).toMatchObject({
        status: 200,
        body: {
          name: 'Claude Prod',
          ai_provider_id: 'anthropic',
          status: 'active',
          object: 'integration',
          workspace_count: 2,
        },
      })
    }
  })

  it('a new name changes nothing else, null clears a description', async () => {
    const { call } = await startControlPlane()
    await call('POST', '/integrations', { ...CLAUDE, description: 'for everybody' })
    await call('PUT', '/integrations/claude-prod', { name: 'Claude' })
    expect((await call('GET', '/integrations/claude-prod')).body).toMatchObject({
      name: 'Claude',
      description: 'for everybody',
      masked_key: '••••1234',
    })
    await call('PUT', '/integrations/claude-prod', { description: null })
    expect((await call('GET', '/integrations/claude-prod')).body['description']).toBeNull()
  })

  it("a workspace's key sees what its workspace may use, without credential and host, and changes nothing", async () => {
    const { call, newKey, otherWorkspace } = await startControlPlane()
    await call('POST', '/integrations', {
      ...CLAUDE,
      configurations: { custom_host: 'https://secret-place.example.net/v1' },
    })
    await call('POST', '/integrations', { ...CLAUDE, slug: 'theirs', workspace_id: otherWorkspace.id })
    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    const list = await call('GET', '/integrations', undefined, key)
    expect(list.body.data.map(({ slug }) => slug)).toEqual(['sandbox', 'claude-prod'])
    const read = await call('GET', '/integrations/claude-prod', undefined, key)
    expect(read).toMatchObject({ status: 200, body: { masked_key: null, configurations: {} } })
    expect(read.text).not.toContain('secret-place')
    expect((await call('GET', '/integrations/theirs', undefined, key)).status).toBe(404)
    expect((await call('PUT', '/integrations/claude-prod', { name: 'Mine' }, key)).status).toBe(403)
    expect((await call('DELETE', '/integrations/claude-prod', undefined, key)).status).toBe(403)
    expect((await call('POST', '/integrations', CLAUDE, key)).status).toBe(403)
  })

  it('deleting takes its providers along at once', async () => {
    const { call, directory, workspace } = await startControlPlane()
    await call('POST', '/integrations', CLAUDE)
    expect(await call('DELETE', '/integrations/claude-prod')).toMatchObject({ status: 200, body: {} })
    expect(directory.provider(workspace.id, 'claude-prod')).toBeUndefined()
    expect((await call('GET', '/integrations/claude-prod')).status).toBe(404)
    expect(await call('DELETE', '/integrations/sandbox')).toMatchObject({ status: 200 })
  })

  it('lists page by page', async () => {
    const { call } = await startControlPlane()
    for (const name of ['a', 'b', 'c']) await call('POST', '/integrations', { ...CLAUDE, name })
    const page = await call('GET', '/integrations?current_page=1&page_size=2')
    expect(page.body).toMatchObject({ object: 'list', total: 4 })
    expect(page.body.data.map(({ slug }) => slug)).toEqual(['b', 'c'])
  })
})

describe('models of an integration', () => {
  it('restrict the provider once not all are allowed', async () => {
    const { call, directory, workspace } = await startControlPlane()
    await call('POST', '/integrations', CLAUDE)
    const models = [{ slug: 'claude-sonnet-5-5' }, { slug: 'claude-opus-5', enabled: false }]
    expect(await call('PUT', '/integrations/claude-prod/models', { models, allow_all_models: false })).toMatchObject({
      status: 200,
      body: {},
    })
    const upstream = directory.provider(workspace.id, 'claude-prod')!
    expect(upstream.allows('claude-sonnet-5-5')).toBe(true)
    expect(upstream.allows('claude-opus-5')).toBe(false)
    expect(upstream.allows('claude-haiku-5-5')).toBe(false)
    expect(await call('GET', '/integrations/claude-prod/models')).toMatchObject({
      status: 200,
      body: {
        total: 2,
        allow_all_models: false,
        models: [
          { slug: 'claude-opus-5', enabled: false, is_custom: false, is_finetune: false },
          { slug: 'claude-sonnet-5-5', enabled: true },
        ],
      },
    })
  })

  it.each([
    ['a query', '?slugs=a,b', undefined],
    ['a body of names', '', { models: ['a', 'b'] }],
    ['a body of models', '', { models: [{ slug: 'a' }, { slug: 'b' }] }],
  ])('are taken off the list by %s', async (_how, query, body) => {
    const { call } = await startControlPlane()
    await call('POST', '/integrations', CLAUDE)
    await call('PUT', '/integrations/claude-prod/models', { models: [{ slug: 'a' }, { slug: 'b' }, { slug: 'c' }] })
    expect(await call('DELETE', `/integrations/claude-prod/models${query}`, body)).toMatchObject({ status: 200 })
    expect((await call('GET', '/integrations/claude-prod/models')).body).toMatchObject({
      total: 1,
      models: [{ slug: 'c' }],
    })
  })

  it('have no prices and settings of their own yet, and say so', async () => {
    const { call } = await startControlPlane()
    const refused = await call('PUT', '/integrations/sandbox/models', { models: [{ slug: 'a', pricing_config: {} }] })
    expect(refused).toMatchObject({ status: 400 })
    expect(refused.text).toContain('does not have prices of single models yet')
  })
})

describe('workspaces of an integration', () => {
  it('a workspace that is shut out loses it at once, and has it back when it is let in again', async () => {
    const { call, directory, workspace, otherWorkspace } = await startControlPlane()
    await call('POST', '/integrations', CLAUDE)
    const path = '/integrations/claude-prod/workspaces'
    const shut = { global_workspace_access: { enabled: false }, workspaces: [{ id: 'ws-other', enabled: false }] }
    expect(await call('PUT', path, shut)).toMatchObject({ status: 200, body: {} })
    expect(directory.provider(otherWorkspace.id, 'claude-prod')).toBeUndefined()
    expect(directory.provider(workspace.id, 'claude-prod')).toBeDefined()
    expect((await call('GET', path)).body).toMatchObject({
      total: 2,
      global_workspace_access: { enabled: false },
      workspaces: [
        { id: otherWorkspace.id, slug: 'ws-other', enabled: false },
        { id: workspace.id, slug: workspace.slug, enabled: true },
      ],
    })
    await call('PUT', path, { workspaces: [{ id: otherWorkspace.id }] })
    expect(directory.provider(otherWorkspace.id, 'claude-prod')).toBeDefined()
  })

  it('opening it to all gives those a provider who had none', async () => {
    const { call, directory, otherWorkspace } = await startControlPlane()
    await call('POST', '/integrations', { ...CLAUDE, create_default_provider: false })
    await call('PUT', '/integrations/claude-prod/workspaces', {
      global_workspace_access: { enabled: false },
      override_existing_workspaces_access: true,
    })
    await call('PUT', '/integrations/claude-prod/workspaces', { global_workspace_access: { enabled: true } })
    expect(directory.provider(otherWorkspace.id, 'claude-prod')).toBeDefined()
  })

  it('overriding shuts out everybody who is not named', async () => {
    const { call, directory, workspace, otherWorkspace } = await startControlPlane()
    await call('POST', '/integrations', CLAUDE)
    await call('PUT', '/integrations/claude-prod/workspaces', {
      global_workspace_access: { enabled: false },
      override_existing_workspace_access: true,
      workspaces: [{ id: otherWorkspace.id }],
    })
    expect(directory.provider(workspace.id, 'claude-prod')).toBeUndefined()
    expect(directory.provider(otherWorkspace.id, 'claude-prod')).toBeDefined()
  })

  it('refuses what contradicts itself, workspaces nobody has, and budgets that cannot be', async () => {
    const { call } = await startControlPlane()
    const path = '/integrations/sandbox/workspaces'
    expect((await call('PUT', path, { workspaces: [{ id: 'ws-other', enabled: false }] })).status).toBe(400)
    expect((await call('PUT', path, { workspaces: [{ id: 'ws-nowhere' }] })).status).toBe(404)
    expect((await call('PUT', path, { workspaces: [{ id: 'ws-other', usage_limits: [{}] }] })).status).toBe(400)
  })
})
