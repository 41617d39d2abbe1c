import { fileURLToPath } from 'node:url'
import { Portkey } from 'portkey-ai'
import { expect, it } from 'vitest'
import { ADMIN_ROUTES } from '../../src/admin/routes.ts'
import { addUser } from '../store/tenants.ts'
import { ADMIN_KEY, startControlPlane } from './harness.ts'
import { tries } from './portkey-sdk-tries.ts'

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
  'guardrails.': 'there are no guardrails',
  'prompts.': 'Claude Code has its prompts itself',
  'labels.': 'labels belong to prompts',
  'collections.': 'collections belong to prompts',
  'mcpServers.': 'Claude Code talks to MCP servers itself',
  'mcpIntegrations.': 'Claude Code talks to MCP servers itself',
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
