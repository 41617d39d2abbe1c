import { Portkey } from 'portkey-ai'
import { describe, expect, it } from 'vitest'
import { ADMIN_KEY, ALL_WORKSPACE_SCOPES, startControlPlane } from './harness.ts'

const FALLBACK = { strategy: { mode: 'fallback' }, targets: [{ provider: '@sandbox' }, { provider: '@sandbox' }] }

describe('saving a config', () => {
  it('makes a slug that requests can name at once, and each document a version', async () => {
    const { call, directory, workspace, otherWorkspace } = await startControlPlane()
    const { body } = await call('POST', '/configs', { name: 'Two ways', config: FALLBACK })
    const slug = String(body['slug'])
    expect(slug).toMatch(/^pc-two-ways-[0-9a-f]{6}$/)
    const first = directory.config(workspace.id, slug)
    expect(first).toMatchObject({ id: slug, versionId: body['version_id'], root: { kind: 'fallback' } })
    expect(directory.config(workspace.id, String(body['id']))).toBe(first)
    expect(directory.config(otherWorkspace.id, slug)).toBeUndefined()

    await call('PUT', `/configs/${slug}`, { name: 'Renamed' })
    expect(directory.config(workspace.id, slug)).toBe(first)
    await call('PUT', `/configs/${slug}`, { config: JSON.stringify({ provider: '@sandbox' }) })
    expect(directory.config(workspace.id, slug)).toMatchObject({ root: { kind: 'target', provider: 'sandbox' } })
    expect((await call('GET', `/configs/${slug}/versions`)).body.data).toMatchObject([
      { version: 2, config: { provider: '@sandbox' } },
      { version: 1, config: FALLBACK },
    ])
    expect((await call('GET', `/configs/${slug}`)).body).toMatchObject({
      name: 'Renamed',
      config: { provider: '@sandbox' },
    })
  })

  it('is refused with every problem and its path', async () => {
    const { call } = await startControlPlane()
    const config = { targets: [{ provider: '@nowhere' }, { provider: '@sandbox' }], strategy: { mode: 'fallback' } }
    const refused = await call('POST', '/configs', { name: 'x', config })
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('config.targets[0].provider: this workspace has no provider @nowhere')
    const broken = { retry: { attempts: 9 }, request_timeout: -1 }
    const { body } = await call('POST', '/configs/check', { config: broken })
    expect(body).toMatchObject({ valid: false })
    expect((body['problems'] as unknown as { path: string }[]).map(({ path }) => path)).toEqual([
      'config.retry.attempts',
      'config.request_timeout',
    ])
    expect((await call('POST', '/configs/check', { config: FALLBACK })).body).toEqual({ valid: true, problems: [] })
  })

  it('may lead a credential to its own host only, and only by an administrator', async () => {
    const { call, newKey } = await startControlPlane()
    await call('POST', '/integrations', { name: 'a', slug: 'a', ai_provider_id: 'anthropic', key: 'sk-of-a-test' })
    const at = (custom_host: string) => ({ name: 'x', config: { provider: '@a', custom_host } })
    expect((await call('POST', '/configs', at('https://collector.example.net/v1'))).text).toContain(
      'is sealed for that host',
    )
    expect((await call('POST', '/configs', at('https://api.anthropic.com/v2'))).status).toBe(200)
    const { key } = await newKey(ALL_WORKSPACE_SCOPES)
    expect((await call('POST', '/configs', at('https://api.anthropic.com/v2'), key)).status).toBe(400)
  })
})

it('a config of one workspace does not exist for another', async () => {
  const { call, newKey, otherWorkspace } = await startControlPlane()
  const { key } = await newKey(ALL_WORKSPACE_SCOPES, { workspace_id: otherWorkspace.id })
  const { body } = await call('POST', '/configs', { name: 'Ours', config: FALLBACK })
  for (const [method, more] of [
    ['GET', ''],
    ['PUT', ''],
    ['DELETE', ''],
    ['GET', '/versions'],
  ] as const) {
    expect((await call(method, `/configs/${String(body['slug'])}${more}`, undefined, key)).status).toBe(404)
  }
  expect((await call('GET', '/configs', undefined, key)).body).toMatchObject({ total: 0 })
})

it('a key follows its own config, else that of its workspace, and may be bound to it', async () => {
  const { call, newKey, directory, workspace } = await startControlPlane()
  const save = async (name: string, more = {}) =>
    String((await call('POST', '/configs', { name, config: FALLBACK, ...more })).body['slug'])
  const [own, people, all, standard] = [
    await save('own'),
    await save('people'),
    await save('all'),
    await save('std', { isDefault: 1 }),
  ]
  const bound = await newKey(['completions.write'], { defaults: { config_id: own, allow_config_override: false } })
  const service = await newKey(['completions.write'])
  const person = await newKey(['completions.write'], { type: 'user', user_id: 'admin@localhost' })
  const followed = (secret: string) => {
    const found = directory.find(secret)
    return found.state === 'active' ? [found.caller.defaultConfig?.id, found.caller.mayOverrideConfig] : found
  }
  expect([bound, service, person].map(({ key }) => followed(key))).toEqual([
    [own, false],
    [standard, true],
    [standard, true],
  ])
  await call('PUT', `/admin/workspaces/${workspace.slug}`, {
    defaults: { config_id: all, user_api_key_config: people },
  })
  expect([bound, service, person].map(({ key }) => followed(key))).toEqual([
    [own, false],
    [all, true],
    [people, true],
  ])
  for (const slug of [own, people, all]) {
    expect((await call('DELETE', `/configs/${slug}`)).status).toBe(409)
    expect((await call('PUT', `/configs/${slug}`, { status: 'archived' })).status).toBe(409)
  }
  expect((await call('DELETE', `/configs/${standard}`)).status).toBe(200)
})

it('a provider that a config names is not deleted; one that was only the default is', async () => {
  const { call } = await startControlPlane()
  const { body } = await call('POST', '/configs', { name: 'x', config: FALLBACK })
  const refused = await call('DELETE', '/integrations/sandbox')
  expect([refused.status, refused.text]).toEqual([409, expect.stringContaining(String(body['slug']))])
  await call('DELETE', `/configs/${String(body['slug'])}`)
  expect((await call('DELETE', '/integrations/sandbox')).status).toBe(200)
})

it('the SDK creates, reads, lists, changes and deletes configs', async () => {
  const { app, workspace } = await startControlPlane()
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  const portkey = new Portkey({ apiKey: ADMIN_KEY, baseURL: `${address}/v1` })
  const created = await portkey.configs.create({
    name: 'SDK',
    config: FALLBACK,
    isDefault: 1,
    workspace_id: workspace.slug,
  })
  const slug = created.slug ?? ''
  expect(await portkey.configs.retrieve({ slug })).toMatchObject({ config: FALLBACK, is_default: 1 })
  const updated = await portkey.configs.update({ slug, config: { provider: '@sandbox' }, status: 'active' })
  expect(updated.version_id).not.toBe(created.version_id)
  expect(await portkey.configs.list({ workspace_id: workspace.slug })).toMatchObject({ total: 1, data: [{ slug }] })
  await portkey.configs.delete({ slug })
  await expect(portkey.configs.retrieve({ slug })).rejects.toMatchObject({ status: 404 })
})
