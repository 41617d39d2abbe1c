import { request } from 'node:http'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ADMIN_ROUTES } from '../../src/admin/routes.ts'
import { ADMIN_KEY, startControlPlane, type ControlPlane } from './harness.ts'

interface Refused {
  readonly statusCode: number
  json(): unknown
  readonly body: string
}

/** A refusal that the caller can understand, of a request that is the caller's mistake. */
function expectRefused(answer: Refused, what: string): void {
  expect(answer.statusCode, `${what}: ${answer.body}`).toBeGreaterThanOrEqual(400)
  expect(answer.statusCode, `${what}: ${answer.body}`).toBeLessThan(500)
  expect(answer.json(), what).toMatchObject({ success: false, data: { message: expect.any(String) } })
}

async function countEntries({ store }: ControlPlane): Promise<number> {
  const { count } = await store.db
    .selectFrom('audit_entries')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return count
}

/** Paths that can be asked, with a name in the place of every parameter. */
function pathOf(path: string, name = 'nobody'): string {
  return `/v1${path.replace(':type/:subtype', 'workspace/service').replaceAll(/:\w+/g, name)}`
}

const CHANGING = ADMIN_ROUTES.filter(({ method }) => method !== 'GET')
const HEADERS = { 'x-portkey-api-key': ADMIN_KEY, 'content-type': 'application/json' }

it.each([
  ['a zero', 'x@example.com\u0000'],
  ['what cannot be seen', 'ada\u200b@example.com'],
  ['another direction', '\u202eada@example.com'],
  ['half a character', 'ada\ud800@example.com'],
  ['brackets', '<ada@example.com>'],
  ['a second one', 'ada@example.com,eve@example.com'],
  ['a second one, full width', 'ada＠example.com，eve@example.com'],
  ['a line of its own', 'ada@example.com\r\nBcc: eve@example.com'],
])('an address with %s is none', async (_what, email) => {
  const plane = await startControlPlane()
  const invited = await plane.call('POST', '/admin/users/invites', { email })
  expect([invited.status, invited.body.data['message']]).toEqual([400, 'email: has to be an e-mail address'])
  const key = { name: 'A', scopes: ['completions.write'], workspace_id: plane.workspace.id, alert_emails: [email] }
  const told = await plane.call('POST', '/api-keys/workspace/service', key)
  expect([told.status, told.body.data['message']]).toEqual([400, 'alert_emails.0: has to be an e-mail address'])
})

it.each([
  ['a line', 'Pay\nments'],
  ['another direction', '\u202estnemyaP'],
  ['half a character', 'Pay\ud800'],
])('a name does not hold %s', async (_what, name) => {
  const { call } = await startControlPlane()
  const { status, body } = await call('POST', '/admin/workspaces', { name })
  expect([status, body.data['message']]).toEqual([400, 'name: may not hold control characters'])
})

it.each([
  ['not JSON', '{"name":'],
  ['an array', '[1]'],
  ['a text', '"name"'],
  ['null', 'null'],
  ['nested too deep', '{"config":'.repeat(33) + '1' + '}'.repeat(33)],
  ['with __proto__ far inside', '{"config":{"a":[{"__proto__":{"admin":true}}]}}'],
  ['with constructor', '{"constructor":{"prototype":{"admin":true}}}'],
  ['with a name twice', '{"nonsense":1,"nonsense":2}'],
  ['larger than a megabyte', `{"name":"${'x'.repeat(1_100_000)}"}`],
])('no endpoint takes a body that is %s, and none fails over it', async (what, payload) => {
  const plane = await startControlPlane()
  for (const { method, path } of CHANGING) {
    const answer = await plane.app.inject({ method, url: pathOf(path), headers: HEADERS, payload })
    expectRefused(answer, `${method} ${path} with ${what}`)
  }
  expect(plane.problems).toEqual([])
  expect(await countEntries(plane)).toBe(0)
  expect(({} as { readonly admin?: unknown }).admin).toBeUndefined()
})

it('whatever is sent to whichever endpoint, it never fails, and what is refused leaves no entry', async () => {
  const plane = await startControlPlane()
  const names = [
    'name',
    'slug',
    'config',
    'workspace_id',
    'usage_limits',
    'scopes',
    'users',
    'models',
    'defaults',
    'id',
  ]
  const body = fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
  const query = fc.dictionary(fc.constantFrom('workspace_id', 'page_size', 'current_page', 'x'), fc.string(), {
    maxKeys: 2,
  })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...ADMIN_ROUTES), body, query, fc.string(), async (route, sent, asked, name) => {
      const entries = await countEntries(plane)
      const answer = await plane.app.inject({
        method: route.method,
        url: `${pathOf(route.path, encodeURIComponent(name))}?${new URLSearchParams(asked).toString()}`,
        headers: HEADERS,
        ...(route.method !== 'GET' && { payload: JSON.stringify(sent).replaceAll('__proto__', 'proto') }),
      })
      expect(answer.statusCode, `${route.method} ${route.path}: ${answer.body}`).toBeLessThan(500)
      if (answer.statusCode >= 400) expect(await countEntries(plane)).toBe(entries)
    }),
    { numRuns: 250 },
  )
  expect(plane.problems).toEqual([])
})

it.each([
  '__proto__',
  'constructor',
  'toString',
  '..%2F..%2Fetc',
  '%00',
  '%E2%80%8B',
  '%',
  'a'.repeat(5_000),
  "'--",
  '@',
])('a path that names %s finds nothing, and nothing fails', async (name) => {
  const plane = await startControlPlane()
  // The group of a tag is there whatever it is called, and empty.
  const naming = ADMIN_ROUTES.filter(({ path }) => path.includes(':') && !path.endsWith('/metadata/:key'))
  for (const { method, path } of naming) {
    const answer = await plane.app.inject({
      method,
      url: pathOf(path, name),
      headers: { 'x-portkey-api-key': ADMIN_KEY },
    })
    expect(answer.statusCode, `${method} ${path}: ${answer.body}`).toBeGreaterThanOrEqual(400)
    expect(answer.statusCode, `${method} ${path}: ${answer.body}`).toBeLessThan(500)
  }
  expect(plane.problems).toEqual([])
})

it.each([
  'workspace_id=a&workspace_id=b',
  '__proto__=1',
  'constructor=1',
  'page_size=-1',
  'page_size=1e9',
  'page_size=%00',
  'current_page=NaN',
])('a query with %s is refused by every list', async (query) => {
  const plane = await startControlPlane()
  for (const { method, path, queryNames } of ADMIN_ROUTES.filter((route) => route.queryNames.length > 0)) {
    const [name = ''] = query.split('=')
    if (queryNames.includes('page_size') || !queryNames.includes(name)) {
      const answer = await plane.app.inject({
        method,
        url: `${pathOf(path)}?${query}`,
        headers: { 'x-portkey-api-key': ADMIN_KEY },
      })
      expectRefused(answer, `${method} ${path}`)
    }
  }
})

describe('headers that come twice', () => {
  async function send(plane: ControlPlane, headers: readonly string[]): Promise<number | undefined> {
    const { port } = new URL(await plane.app.listen({ host: '127.0.0.1', port: 0 }))
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { host: '127.0.0.1', port, path: '/v1/providers', headers: [...headers] },
        (incoming) => {
          incoming.resume()
          incoming.on('end', () => resolve(incoming.statusCode))
        },
      )
      outgoing.on('error', reject)
      outgoing.end()
    })
  }

  it('two keys are no key, whichever of them is right', async () => {
    const keys = ['x-portkey-api-key', ADMIN_KEY, 'x-portkey-api-key', 'pcl_other']
    expect(await send(await startControlPlane(), ['host', 'a', ...keys])).toBe(401)
    const turned = ['x-portkey-api-key', 'pcl_other', 'x-portkey-api-key', ADMIN_KEY]
    expect(await send(await startControlPlane(), ['host', 'a', ...turned])).toBe(401)
  })

  it('a second key beside the right one in authorization does not count', async () => {
    const both = ['x-portkey-api-key', 'pcl_wrong', 'authorization', `Bearer ${ADMIN_KEY}`]
    expect(await send(await startControlPlane(), ['host', 'a', ...both])).toBe(401)
  })
})

describe('what others depend on', () => {
  const DOCUMENT = { strategy: { mode: 'single' }, targets: [{ provider: '@sandbox' }] }

  it('stays, and the refusal names who needs it', async () => {
    const { call, newKey, workspace } = await startControlPlane()
    const here = { workspace_id: workspace.id }
    const config = (await call('POST', '/configs', { name: 'Main', config: DOCUMENT, ...here })).body as unknown as {
      slug: string
    }
    const key = await newKey(['completions.write'], { defaults: { config_id: config.slug } })
    const refusals = [
      await call('DELETE', `/providers/sandbox?workspace_id=${workspace.id}`),
      await call('DELETE', '/integrations/sandbox'),
      await call('DELETE', `/configs/${config.slug}`),
    ]
    for (const refusal of refusals)
      expect(refusal).toMatchObject({ status: 409, body: { data: { errorCode: 'AB07' } } })
    expect(refusals[0]!.text).toContain(config.slug)
    expect(refusals[1]!.text).toContain(config.slug)
    expect(refusals[2]!.text).toContain('A key')
    // From the end of the chain on, each can go.
    for (const path of [`/api-keys/${key.id}`, `/configs/${config.slug}`, '/integrations/sandbox']) {
      expect((await call('DELETE', path)).status, path).toBe(200)
    }
  })

  it('of two that want one name at once, one gets it and the other is told', async () => {
    const plane = await startControlPlane()
    const account = { name: 'Claude', ai_provider_id: 'anthropic', key: 'sk-ant-x', slug: 'claude' }
    const answers = await Promise.all([1, 2, 3].map(() => plane.call('POST', '/integrations', account)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409])
    expect(plane.problems).toEqual([])
  })
})
