import { Portkey } from 'portkey-ai'
import { expect, it } from 'vitest'
import { ADMIN_KEY, startControlPlane } from './harness.ts'

/** The official client against a real server. */
async function connect() {
  const plane = await startControlPlane()
  const address = await plane.app.listen({ host: '127.0.0.1', port: 0 })
  const client = (apiKey: string) => new Portkey({ apiKey, baseURL: `${address}/v1` })
  return { ...plane, client, portkey: client(ADMIN_KEY) }
}

const ACCOUNT = { name: 'Claude', ai_provider_id: 'anthropic', key: 'sk-ant-of-a-test', slug: 'claude' }

it('the SDK creates, reads, lists, changes and deletes integrations', async () => {
  const { portkey } = await connect()
  const created = await portkey.integrations.create(ACCOUNT)
  expect(created).toMatchObject({ slug: 'claude', id: expect.stringMatching(/^[0-9a-f-]{36}$/) })
  await portkey.integrations.update({ slug: 'claude', name: 'Claude Prod' })
  expect(await portkey.integrations.retrieve({ slug: 'claude' })).toMatchObject({
    name: 'Claude Prod',
    ai_provider_id: 'anthropic',
  })
  const list = await portkey.integrations.list({ type: 'organisation', page_size: 10, current_page: 0 })
  expect(list.data.map((item: { slug: string }) => item.slug).toSorted()).toEqual(['claude', 'sandbox'])
  await portkey.integrations.delete({ slug: 'claude' })
  await expect(portkey.integrations.retrieve({ slug: 'claude' })).rejects.toMatchObject({ status: 404 })
})

it('the SDK says which models and workspaces an integration has', async () => {
  const { portkey, workspace } = await connect()
  await portkey.integrations.create(ACCOUNT)
  await portkey.integrations.models.update({
    slug: 'claude',
    models: [{ slug: 'claude-opus-5', enabled: true }, { slug: 'x' }],
    allow_all_models: false,
  })
  await portkey.integrations.models.delete({ slug: 'claude', slugs: 'x' })
  expect(await portkey.integrations.models.list({ slug: 'claude' })).toMatchObject({
    total: 1,
    allow_all_models: false,
    models: [{ slug: 'claude-opus-5', enabled: true }],
  })
  await portkey.integrations.workspaces.update({
    slug: 'claude',
    global_workspace_access: { enabled: false },
    override_existing_workspaces_access: true,
    workspaces: [{ id: workspace.slug, enabled: true }],
  })
  const access = await portkey.integrations.workspaces.list({ slug: 'claude' })
  expect(access.workspaces).toMatchObject([
    { slug: 'ws-other', enabled: false },
    { slug: workspace.slug, enabled: true, provider_slugs: ['claude'] },
  ])
})

it('the SDK creates, reads, lists, changes and deletes providers', async () => {
  const { portkey, workspace } = await connect()
  const where = { workspace_id: workspace.slug }
  const created = await portkey.providers.create({ name: 'Second', integration_id: 'sandbox', note: 'n', ...where })
  expect(created).toMatchObject({ slug: 'second' })
  await portkey.providers.update({ slug: 'second', name: 'Renamed', ...where })
  expect(await portkey.providers.retrieve({ slug: 'second', ...where })).toMatchObject({
    name: 'Renamed',
    note: 'n',
    workspace_id: workspace.id,
  })
  const list = await portkey.providers.list({ ...where, page_size: 10 })
  expect(list).toMatchObject({ object: 'list', total: 2, data: [{ slug: 'sandbox' }, { slug: 'second' }] })
  await portkey.providers.delete({ slug: 'second', ...where })
  await expect(portkey.providers.retrieve({ slug: 'second' })).rejects.toMatchObject({ status: 404 })
})

it('the SDK creates, reads, lists, changes and revokes keys, and a key works with the SDK', async () => {
  const { portkey, client, workspace } = await connect()
  const created = await portkey.apiKeys.create({
    type: 'workspace',
    'sub-type': 'service',
    name: 'CI',
    scopes: ['providers.list', 'completions.write'],
    workspace_id: workspace.id,
    defaults: { metadata: { team: 'core' }, allow_config_override: true },
  })
  expect(created).toMatchObject({ object: 'api-key', key: expect.stringMatching(/^pcl_/) })
  const id = created.id ?? ''
  await portkey.apiKeys.update({ id, description: 'for builds' })
  expect(await portkey.apiKeys.retrieve({ id })).toMatchObject({
    name: 'CI',
    description: 'for builds',
    allow_config_override: 1,
    defaults: { metadata: { team: 'core' } },
    workspace_id: workspace.id,
  })
  expect((await portkey.apiKeys.list({ workspace_id: workspace.slug, page_size: 5 })).data).toHaveLength(2)
  const worker = client(created.key ?? '')
  expect((await worker.providers.list()).data).toMatchObject([{ slug: 'sandbox' }])
  await expect(worker.integrations.list({})).rejects.toMatchObject({ status: 403 })
  await portkey.apiKeys.delete({ id })
  await expect(worker.providers.list()).rejects.toMatchObject({ status: 401 })
})

it('the SDK reads workspaces and users', async () => {
  const { portkey, workspace } = await connect()
  expect(await portkey.admin.workspaces.list({ page_size: 10 })).toMatchObject({ object: 'list', total: 2 })
  const read = await portkey.admin.workspaces.retrieve({ workspaceId: workspace.slug })
  expect(read).toMatchObject({ id: workspace.id, users: [{ email: 'admin@localhost' }] })
  await portkey.admin.workspaces.update({
    workspaceId: workspace.id,
    description: 'ours',
    defaults: { metadata: { a: 'b' } },
  })
  expect(await portkey.admin.workspaces.retrieve({ workspaceId: workspace.id })).toMatchObject({ description: 'ours' })
  const users = await portkey.admin.users.list({ pageSize: 10, currentPage: 0, role: 'owner' })
  expect(users).toMatchObject({ total: 1 })
  expect(await portkey.admin.users.retrieve({ userId: users.data?.[0]?.id ?? '' })).toMatchObject({
    email: 'admin@localhost',
  })
})

it('the SDK understands refusals', async () => {
  const { portkey, client, workspace } = await connect()
  await expect(client('pcl_wrong').providers.list()).rejects.toMatchObject({ status: 401 })
  await expect(
    portkey.providers.create({ name: '', integration_id: 'sandbox', workspace_id: workspace.id }),
  ).rejects.toMatchObject({ status: 400 })
  const taken = { name: 'x', slug: 'sandbox', integration_id: 'sandbox', workspace_id: workspace.id }
  await expect(portkey.providers.create(taken)).rejects.toMatchObject({ status: 409 })
})
