import type { Portkey } from 'portkey-ai'
import { expect } from 'vitest'
import type { ControlPlane } from './harness.ts'
import { recordTries } from './portkey-sdk-record-tries.ts'

/** Calls a method and throws when what came back is not what was expected. */
export type Try = () => Promise<void>

/** Every method that is tried, in an order in which each finds what it needs. */
export function tries(
  portkey: Portkey,
  plane: ControlPlane,
  colleague: { readonly id: string },
): readonly [string, Try][] {
  const { workspace } = plane
  const where = { workspace_id: workspace.slug }
  const document = { strategy: { mode: 'single' }, targets: [{ provider: '@sandbox' }] }
  let team = ''
  let invite = ''
  let key = ''
  let config = ''
  let policy = ''
  const usage = '/policies/usage-limits'

  return [
    [
      'integrations.create',
      async () => {
        const created = await portkey.integrations.create({
          name: 'Claude',
          ai_provider_id: 'anthropic',
          key: 'sk-ant-x',
          slug: 'claude',
        })
        expect(created).toMatchObject({ slug: 'claude' })
      },
    ],
    [
      'integrations.list',
      async () => expect(await portkey.integrations.list({ type: 'all' })).toMatchObject({ total: 2 }),
    ],
    [
      'integrations.retrieve',
      async () =>
        expect(await portkey.integrations.retrieve({ slug: 'claude' })).toMatchObject({ ai_provider_id: 'anthropic' }),
    ],
    [
      'integrations.update',
      async () => {
        await portkey.integrations.update({ slug: 'claude', name: 'Other' })
        expect(await portkey.integrations.retrieve({ slug: 'claude' })).toMatchObject({ name: 'Other' })
      },
    ],
    [
      'integrations.models.update',
      async () => {
        await portkey.integrations.models.update({ slug: 'claude', models: [{ slug: 'claude-opus-5', enabled: true }] })
      },
    ],
    [
      'integrations.models.list',
      async () => expect(await portkey.integrations.models.list({ slug: 'claude' })).toMatchObject({ total: 1 }),
    ],
    [
      'integrations.models.delete',
      async () => {
        await portkey.integrations.models.delete({ slug: 'claude', slugs: 'claude-opus-5' })
        expect(await portkey.integrations.models.list({ slug: 'claude' })).toMatchObject({ total: 0 })
      },
    ],
    [
      'integrations.workspaces.update',
      async () => {
        await portkey.integrations.workspaces.update({
          slug: 'claude',
          global_workspace_access: { enabled: false },
          override_existing_workspaces_access: true,
          workspaces: [{ id: workspace.slug, enabled: true }],
        })
      },
    ],
    [
      'integrations.workspaces.list',
      async () => {
        const { workspaces } = await portkey.integrations.workspaces.list({ slug: 'claude' })
        expect(workspaces).toContainEqual(expect.objectContaining({ slug: workspace.slug, enabled: true }))
      },
    ],

    [
      'providers.create',
      async () => {
        const created = await portkey.providers.create({ name: 'Second', integration_id: 'claude', ...where })
        expect(created).toMatchObject({ slug: 'second' })
      },
    ],
    ['providers.list', async () => expect(await portkey.providers.list(where)).toMatchObject({ object: 'list' })],
    [
      'providers.retrieve',
      async () =>
        expect(await portkey.providers.retrieve({ slug: 'second', ...where })).toMatchObject({ name: 'Second' }),
    ],
    [
      'providers.update',
      async () => {
        await portkey.providers.update({ slug: 'second', note: 'Ours', ...where })
        expect(await portkey.providers.retrieve({ slug: 'second', ...where })).toMatchObject({ note: 'Ours' })
      },
    ],
    [
      'providers.delete',
      async () => {
        await portkey.providers.delete({ slug: 'second', ...where })
        await expect(portkey.providers.retrieve({ slug: 'second', ...where })).rejects.toMatchObject({ status: 404 })
      },
    ],
    [
      'integrations.delete',
      async () => {
        await portkey.integrations.delete({ slug: 'claude' })
        await expect(portkey.integrations.retrieve({ slug: 'claude' })).rejects.toMatchObject({ status: 404 })
      },
    ],

    [
      'virtualKeys.create',
      async () => {
        const created = await portkey.virtualKeys.create({
          name: 'Virtual',
          provider: 'anthropic',
          key: 'sk-ant-x',
          ...where,
        })
        expect(created).toMatchObject({ slug: 'virtual' })
      },
    ],
    [
      'virtualKeys.list',
      async () => {
        const { data } = await portkey.virtualKeys.list(where)
        expect(data).toContainEqual(expect.objectContaining({ slug: 'virtual', object: 'virtual-key' }))
      },
    ],
    [
      'virtualKeys.retrieve',
      async () => expect(await portkey.virtualKeys.retrieve({ slug: 'virtual' })).toMatchObject({ name: 'Virtual' }),
    ],
    [
      'virtualKeys.update',
      async () => {
        await portkey.virtualKeys.update({ slug: 'virtual', note: 'Ours' })
        expect(await portkey.virtualKeys.retrieve({ slug: 'virtual' })).toMatchObject({ note: 'Ours' })
      },
    ],
    [
      'virtualKeys.delete',
      async () => {
        await portkey.virtualKeys.delete({ slug: 'virtual' })
        await expect(portkey.virtualKeys.retrieve({ slug: 'virtual' })).rejects.toMatchObject({ status: 404 })
      },
    ],

    [
      'configs.create',
      async () => {
        const created = await portkey.configs.create({ name: 'Main', config: document, isDefault: 0, ...where })
        config = String(created['slug'])
        expect(created).toMatchObject({ slug: expect.stringMatching(/^pc-/), version_id: expect.any(String) })
      },
    ],
    ['configs.list', async () => expect(await portkey.configs.list(where)).toMatchObject({ total: 1 })],
    [
      'configs.retrieve',
      async () => expect(await portkey.configs.retrieve({ slug: config })).toMatchObject({ config: document }),
    ],
    [
      'configs.update',
      async () => {
        await portkey.configs.update({ slug: config, name: 'Other', config: document })
        expect(await portkey.configs.retrieve({ slug: config })).toMatchObject({ name: 'Other' })
      },
    ],
    [
      'configs.delete',
      async () => {
        await portkey.configs.delete({ slug: config })
        await expect(portkey.configs.retrieve({ slug: config })).rejects.toMatchObject({ status: 404 })
      },
    ],

    [
      'apiKeys.create',
      async () => {
        const created = await portkey.apiKeys.create({
          type: 'workspace',
          'sub-type': 'service',
          name: 'CI',
          scopes: ['completions.write'],
          ...where,
        })
        key = String(created.id)
        expect(created).toMatchObject({ object: 'api-key', key: expect.stringMatching(/^pcl_/) })
      },
    ],
    [
      'apiKeys.list',
      async () =>
        expect((await portkey.apiKeys.list({ ...where, page_size: 50 })).data).toContainEqual(
          expect.objectContaining({ id: key }),
        ),
    ],
    ['apiKeys.retrieve', async () => expect(await portkey.apiKeys.retrieve({ id: key })).toMatchObject({ name: 'CI' })],
    [
      'apiKeys.update',
      async () => {
        await portkey.apiKeys.update({ id: key, description: 'For builds' })
        expect(await portkey.apiKeys.retrieve({ id: key })).toMatchObject({ description: 'For builds' })
      },
    ],
    [
      'apiKeys.delete',
      async () => {
        await portkey.apiKeys.delete({ id: key })
        await expect(portkey.apiKeys.retrieve({ id: key })).rejects.toMatchObject({ status: 404 })
      },
    ],

    [
      'admin.workspaces.create',
      async () => {
        const created = await portkey.admin.workspaces.create({
          name: 'Team',
          description: 'A team',
          defaults: { metadata: { a: 'b' } },
        })
        team = String(created.id)
        expect(created).toMatchObject({ name: 'Team', object: 'workspace' })
      },
    ],
    [
      'admin.workspaces.list',
      async () =>
        expect(await portkey.admin.workspaces.list({ page_size: 10, current_page: 0 })).toMatchObject({ total: 3 }),
    ],
    [
      'admin.workspaces.retrieve',
      async () =>
        expect(await portkey.admin.workspaces.retrieve({ workspaceId: team })).toMatchObject({ name: 'Team' }),
    ],
    [
      'admin.workspaces.update',
      async () => {
        await portkey.admin.workspaces.update({ workspaceId: team, description: 'Another' })
        expect(await portkey.admin.workspaces.retrieve({ workspaceId: team })).toMatchObject({ description: 'Another' })
      },
    ],
    [
      'admin.workspaces.users.create',
      async () => {
        await portkey.admin.workspaces.users.create({
          workspaceId: team,
          users: [{ id: colleague.id, role: 'member' }],
        })
      },
    ],
    [
      'admin.workspaces.users.list',
      async () =>
        expect(await portkey.admin.workspaces.users.list({ workspaceId: team, page_size: 10 })).toMatchObject({
          data: [expect.objectContaining({ id: colleague.id })],
        }),
    ],
    [
      'admin.workspaces.users.update',
      async () => {
        await portkey.admin.workspaces.users.update({ workspaceId: team, userId: colleague.id, role: 'manager' })
      },
    ],
    [
      'admin.workspaces.users.retrieve',
      async () =>
        expect(
          await portkey.admin.workspaces.users.retrieve({ workspaceId: team, userId: colleague.id }),
        ).toMatchObject({
          role: 'manager',
        }),
    ],
    [
      'admin.workspaces.users.delete',
      async () => {
        await portkey.admin.workspaces.users.delete({ workspaceId: team, userId: colleague.id })
        expect(await portkey.admin.workspaces.users.list({ workspaceId: team })).toMatchObject({ total: 0 })
      },
    ],
    [
      'admin.workspaces.delete',
      async () => {
        const wish = { workspaceId: team, name: 'Team', force_delete: true }
        await portkey.admin.workspaces.delete(wish)
        await expect(portkey.admin.workspaces.retrieve({ workspaceId: team })).rejects.toMatchObject({ status: 404 })
      },
    ],

    [
      'admin.users.invites.create',
      async () => {
        const created = await portkey.admin.users.invites.create({
          email: 'ann@example.com',
          role: 'member',
          workspaces: [{ id: workspace.slug, role: 'member' }],
          workspace_api_key_details: { scopes: ['completions.write'] },
        })
        invite = String(created.id)
        expect(created).toMatchObject({ invite_link: expect.stringContaining('http') })
      },
    ],
    [
      'admin.users.invites.list',
      async () =>
        expect(
          await portkey.admin.users.invites.list({ pageSize: 10, currentPage: 0, status: 'pending' }),
        ).toMatchObject({
          total: 1,
        }),
    ],
    [
      'admin.users.invites.retrieve',
      async () =>
        expect(await portkey.admin.users.invites.retrieve({ inviteId: invite })).toMatchObject({ status: 'pending' }),
    ],
    [
      'admin.users.invites.resend',
      async () => {
        await portkey.admin.users.invites.resend({ inviteId: invite })
      },
    ],
    [
      'admin.users.invites.delete',
      async () => {
        await portkey.admin.users.invites.delete({ inviteId: invite })
        expect(await portkey.admin.users.invites.retrieve({ inviteId: invite })).toMatchObject({ status: 'cancelled' })
      },
    ],
    [
      'admin.users.list',
      async () => expect(await portkey.admin.users.list({ pageSize: 10, currentPage: 0 })).toMatchObject({ total: 2 }),
    ],
    [
      'admin.users.update',
      async () => {
        await portkey.admin.users.update({ userId: colleague.id, role: 'admin' })
      },
    ],
    [
      'admin.users.retrieve',
      async () => expect(await portkey.admin.users.retrieve({ userId: colleague.id })).toMatchObject({ role: 'admin' }),
    ],
    [
      'admin.users.delete',
      async () => {
        await portkey.admin.users.delete({ userId: colleague.id })
        await expect(portkey.admin.users.retrieve({ userId: colleague.id })).rejects.toMatchObject({ status: 404 })
      },
    ],

    ...recordTries(portkey, plane),

    [
      `post('${usage}')`,
      async () => {
        const wish = {
          name: 'Weekly',
          type: 'cost',
          credit_limit: 50,
          periodic_reset: 'weekly',
          group_by: [{ key: 'api_key' }],
          ...where,
        }
        const created = await portkey.post(usage, wish)
        policy = String((created as { readonly id?: unknown }).id)
        expect(created).toMatchObject({ id: expect.any(String) })
      },
    ],
    [
      `get('${usage}')`,
      async () => expect(await portkey.get(`${usage}?workspace_id=${workspace.slug}`)).toMatchObject({ total: 1 }),
    ],
    [
      `put('${usage}/:id')`,
      async () => {
        await portkey.put(`${usage}/${policy}`, { credit_limit: 60 })
        expect(await portkey.get(`${usage}/${policy}`)).toMatchObject({ credit_limit: 60 })
      },
    ],
    [
      `get('${usage}/:id/entities')`,
      async () => expect(await portkey.get(`${usage}/${policy}/entities`)).toMatchObject({ total: 0 }),
    ],
    [
      `delete('${usage}/:id')`,
      async () => {
        await portkey.delete(`${usage}/${policy}`)
        await expect(portkey.get(`${usage}/${policy}`)).rejects.toMatchObject({ status: 404 })
      },
    ],
    [
      "get('/audit-logs')",
      async () => {
        const { records, total } = (await portkey.get(
          `/audit-logs?organisation_id=${workspace.organisationId}&page_size=2`,
        )) as never
        expect(records).toHaveLength(2)
        expect(total).toBeGreaterThan(20)
      },
    ],
  ]
}
