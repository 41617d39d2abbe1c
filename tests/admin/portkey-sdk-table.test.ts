import { fileURLToPath } from 'node:url'
import { Portkey } from 'portkey-ai'
import { expect, it } from 'vitest'
import { ADMIN_ROUTES } from '../../src/admin/routes.ts'
import { addUser } from '../store/tenants.ts'
import { ADMIN_KEY, startControlPlane, type ControlPlane } from './harness.ts'

/*
 * Every method of the official client that administers something is called against a real server, and what came of it is
 * docs/reference/portkey-sdk.md. `npx vitest run tests/admin/portkey-sdk-table.test.ts -u` writes the page anew.
 */

const PAGE = fileURLToPath(new URL('../../docs/reference/portkey-sdk.md', import.meta.url))

/** Parts of the client that administer. All its other methods call models or keep things for those who do. */
const RESOURCES = [
  'admin',
  'apiKeys',
  'virtualKeys',
  'providers',
  'integrations',
  'configs',
  'logs',
  'analytics',
  'guardrails',
  'prompts',
  'labels',
  'collections',
  'feedback',
  'mcpServers',
  'mcpIntegrations',
] as const

/** Why a part is not tried. */
const ABSENT: Readonly<Record<string, string>> = {
  'logs.': 'records are read with `GET /v1/logs`; they are not written from outside, and there are no exports',
  'analytics.': 'there are no charts; sums are at `GET /v1/usage/summary`',
  'guardrails.': 'there are no guardrails',
  'prompts.': 'Claude Code has its prompts itself',
  'labels.': 'labels belong to prompts',
  'collections.': 'collections belong to prompts',
  'feedback.': 'there is no feedback',
  'mcpServers.': 'Claude Code talks to MCP servers itself',
  'mcpIntegrations.': 'Claude Code talks to MCP servers itself',
}

/** Calls a method and throws when what came back is not what was expected. */
type Try = () => Promise<void>

/** In an order in which each finds what it needs. */
function tries(
  portkey: Portkey,
  { workspace }: ControlPlane,
  colleague: { readonly id: string },
): readonly [string, Try][] {
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

/** `admin.users.list`, and so on: every method that a part of the client has. */
function methodsOf(part: object, path: string): string[] {
  const methods: string[] = []
  for (let made: object | null = Object.getPrototypeOf(part); made !== null; made = Object.getPrototypeOf(made)) {
    if (['ApiResource', 'Object'].includes(made.constructor.name)) break
    for (const name of Object.getOwnPropertyNames(made)) if (name !== 'constructor') methods.push(`${path}.${name}`)
  }
  const inside = Object.entries(part).filter(
    ([name, value]) => name !== 'client' && typeof value === 'object' && value !== null && 'client' in value,
  )
  return [...methods, ...inside.flatMap(([name, value]) => methodsOf(value as object, `${path}.${name}`))]
}

it('the official client works, method by method, as the page about it says', async () => {
  const plane = await startControlPlane()
  const address = await plane.app.listen({ host: '127.0.0.1', port: 0 })
  const portkey = new Portkey({ apiKey: ADMIN_KEY, baseURL: `${address}/v1` })
  const colleague = await addUser(plane.store.db, plane.workspace.organisationId)
  let asked = ''
  plane.app.server.prependListener('request', ({ method, url }: { method: string; url: string }) => {
    asked ||= nameRoute(method, url)
  })

  const rows: string[] = []
  const tried = new Map<string, string>()
  for (const [name, attempt] of tries(portkey, plane, colleague)) {
    asked = ''
    const problem = await attempt().then(
      () => undefined,
      (error: unknown) => explain(error),
    )
    tried.set(name, `\`${asked}\` | ${problem ?? 'works'}`)
  }
  const all = RESOURCES.flatMap((name) => methodsOf(portkey[name], name))
  for (const name of [...all, ...[...tried.keys()].filter((each) => each.includes('('))]) {
    const reason = Object.entries(ABSENT).find(([prefix]) => `${name}`.startsWith(prefix))?.[1]
    rows.push(`| \`${name}\` | ${tried.get(name) ?? `– | not tried: ${reason ?? 'nobody has written a test'}`} |`)
  }
  await expect(writePage(rows)).toMatchFileSnapshot(PAGE)
})

function nameRoute(method: string, url: string): string {
  const path = url.replace(/^\/v1/, '').split('?')[0]!
  const route = ADMIN_ROUTES.filter((each) => each.method === method)
    .toSorted((one, other) => count(one.path) - count(other.path))
    .find((each) => new RegExp(`^${each.path.replaceAll(/:\w+/g, '[^/]+')}$`).test(path))
  return `${method} /v1${route?.path ?? path}`
}

function count(path: string): number {
  return path.split(':').length
}

function explain(error: unknown): string {
  const { message, status } = error as { readonly message: string; readonly status?: number }
  return `**fails**: ${status ?? ''} ${message}`
    .replaceAll(/\?\S*|\s+/g, ' ')
    .replaceAll('|', '\\|')
    .slice(0, 200)
}

function writePage(rows: readonly string[]): string {
  const working = rows.filter((row) => row.endsWith('| works |')).length
  return `# Portkey's client

\`portkey-ai\` 3.1.0, the official client for Node, with only \`baseURL\` and \`apiKey\` changed. This page is written by the test that calls
every one of these methods against a gateway (\`tests/admin/portkey-sdk-table.test.ts\`): ${working} work.

\`\`\`ts
import { Portkey } from 'portkey-ai'

const portkey = new Portkey({ apiKey: process.env.ADMIN_KEY, baseURL: 'https://gateway.example.com/v1' })
await portkey.admin.workspaces.list({ page_size: 10 })
\`\`\`

What the client writes twice is taken: ids that stand in the address and once more in the body, \`type\` and \`sub-type\`, paging as
\`pageSize\` and as \`page_size\`. An id in the body that is another one than in the address is refused. For what the client has no method
for, its \`get\`, \`post\`, \`put\` and \`delete\` take the paths of the [admin API](admin-api.md).

| method | request | outcome |
| --- | --- | --- |
${rows.join('\n')}
`
}
