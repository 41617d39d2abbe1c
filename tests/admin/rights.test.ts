import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { ADMIN_ROUTES } from '../../src/admin/routes.ts'
import { addUser } from '../store/tenants.ts'
import { insertMember } from '../../src/store/members.ts'
import { everyActor, type Actor } from './actors.ts'
import { ADMIN_KEY, startControlPlane, type ControlPlane } from './harness.ts'
import { addWalkedLog, keepWalkedBodies, walkEveryEndpoint, type Ask, type Asked, type Told } from './walk.ts'

/*
 * Every endpoint is asked by everybody, and what came of it is docs/reference/rights.md. Nothing that is asked leaves a trace,
 * except for what the preset key does to make the next question possible. `npx vitest run tests/admin/rights.test.ts -u`
 * writes the page anew.
 */

const PAGE = fileURLToPath(new URL('../../docs/reference/rights.md', import.meta.url))

/** A plain member of the workspace. */
const SAMPLE = 'sample@example.com'

type Verdict = 'yes' | '401' | '403' | '404'

it('docs/reference/rights.md says what every role may do at every endpoint', { timeout: 120_000 }, async () => {
  const receiver = Fastify()
  receiver.post('/', async () => ({}))
  onTestFinished(() => receiver.close())
  const hook = new URL(await receiver.listen({ host: '127.0.0.1', port: 0 }))
  let isDry = false
  const plane = await startControlPlane({ bodies: keepWalkedBodies(), trustedHosts: [hook.host], isDry: () => isDry })
  await addWalkedLog(plane)
  const sample = await addUser(plane.store.db, plane.workspace.organisationId, { email: SAMPLE })
  await insertMember(plane.store.db, {
    workspaceId: plane.workspace.id,
    userId: sample.id,
    role: 'member',
    joinedAt: 1,
  })
  const actors = await everyActor(plane)
  const table = new Map<string, readonly Verdict[]>()

  const askEverybody = async (endpoint: string, asked: Asked): Promise<void> => {
    isDry = true
    for (const row of rowsOf(endpoint, asked)) {
      if (table.has(row.name)) continue
      const verdicts: Verdict[] = []
      for (const actor of actors) verdicts.push(await judge(plane, actor, endpoint, row.asked))
      table.set(row.name, verdicts)
    }
    isDry = false
  }
  const ask: Ask = async (endpoint, walked = {}) => {
    const asked = inOurWorkspace(endpoint, walked, plane)
    await askEverybody(endpoint, asked)
    // A channel can be tested once in ten seconds.
    if (endpoint.endsWith('/test')) plane.clock.advance(10_000)
    const { signedIn = false } = walked
    const owner = actors.find(({ name }) => name === 'owner')!
    const done = await send(plane, signedIn ? owner.headers : { 'x-portkey-api-key': ADMIN_KEY }, endpoint, walked)
    expect(done.statusCode, `${endpoint}: ${done.body}`).toBe(200)
    return done.json<Told>()
  }
  await walkEveryEndpoint(plane, ask, hook.href)

  const endpoints = ADMIN_ROUTES.map(({ method, path }) => `${method} ${path}`)
  const isOf =
    (endpoint: string) =>
    ([name]: readonly [string, unknown]) =>
      name.split(' (')[0] === endpoint
  // What the walk leaves out is asked about things that do not exist.
  for (const endpoint of endpoints) if (![...table].some(isOf(endpoint))) await askEverybody(endpoint, {})
  const rows = endpoints.flatMap((endpoint) => [...table].filter(isOf(endpoint)))
  expect(plane.problems).toEqual([])
  await expect(writePage(actors, rows)).toMatchFileSnapshot(PAGE)
})

interface Row {
  readonly name: string
  readonly asked: Asked
}

/** Where an address stands for several questions, each is a row of its own. */
function rowsOf(endpoint: string, asked: Asked): readonly Row[] {
  if (endpoint.includes(':type/:subtype')) {
    return ['organisation/service', 'workspace/service', 'workspace/user'].map((kind) => {
      const [type = '', subtype = ''] = kind.split('/')
      const inOrganisation = type === 'organisation'
      const { workspace_id: _elsewhere, ...body } = asked.body as Record<string, unknown>
      return {
        name: `${endpoint} (${kind})`,
        asked: {
          ...asked,
          params: { type, subtype },
          body: inOrganisation ? { ...body, scopes: ['providers.list'] } : asked.body,
        },
      }
    })
  }
  return [{ name: endpoint, asked }]
}

/**
 * The walk makes a workspace to take it away again, and changes the owner; who may do what is asked of the workspace that
 * everybody is in, and of a plain member of it.
 */
function inOurWorkspace(endpoint: string, asked: Asked, { workspace }: ControlPlane): Asked {
  if (endpoint.includes('/admin/workspaces/:id')) return { ...asked, params: { id: workspace.id, uid: SAMPLE } }
  return endpoint.includes('/admin/users/:id') ? { ...asked, params: { id: SAMPLE } } : asked
}

async function judge(plane: ControlPlane, actor: Actor, endpoint: string, asked: Asked): Promise<Verdict> {
  const { statusCode, body } = await send(plane, actor.headers, endpoint, asked)
  expect(statusCode, `${actor.name}: ${endpoint}: ${body}`).toBeLessThan(500)
  return statusCode === 401 || statusCode === 403 || statusCode === 404 ? `${statusCode}` : 'yes'
}

function send(
  { app }: ControlPlane,
  headers: Readonly<Record<string, string>>,
  endpoint: string,
  { params = {}, query = {}, body, reason }: Asked,
) {
  const [method = '', pattern = ''] = endpoint.split(' ')
  const path = pattern.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? 'nobody'))
  return app.inject({
    method: method as 'GET',
    url: `/v1${path}?${new URLSearchParams(query).toString()}`,
    headers: {
      ...headers,
      ...(reason !== undefined && { 'x-portcullis-reason': reason }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  })
}

function writePage(actors: readonly Actor[], rows: readonly (readonly [string, readonly Verdict[]])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return `# Rights

Who may do what at each endpoint of the [admin API](admin-api.md). This page is written by the test that asks every endpoint as each of them
(\`tests/admin/rights.test.ts\`), about things of one workspace: **yes** is allowed, **403** is refused, **404** does not exist for who
asks, **401** is not known.

- *owner* and *admin* are roles in the organisation; the workspace's roles are those of its members who signed in. What one person may do to
  another depends on both: only an owner makes, changes or removes owners, and nobody gives a role or a scope that they do not have.
- *admin key, two scopes* holds \`providers.list\` and \`workspaces.read\`; the *workspace service key* every scope that such a key can hold; the
  *workspace user key* is a developer's, with what it gets when nothing is said. The key of another workspace holds every scope there.
- What was said in requests is asked for with a reason; without one, what others wrote is refused. Plain members, and the keys of people, open their own.
- The keys that are read, changed and rotated here belong to nobody. Plain members, and the keys of people, see and change their own.

${line(['endpoint', ...actors.map(({ name }) => name)])}
${line(['---', ...actors.map(() => '---')])}
${rows.map(([name, verdicts]) => line([showName(name), ...verdicts])).join('\n')}
`
}

/** The endpoint as code; what it stands for in brackets. */
function showName(name: string): string {
  const [endpoint = '', kind] = name.split(' (')
  return kind === undefined ? `\`${endpoint}\`` : `\`${endpoint}\` (${kind}`
}
