import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ADMIN_ROUTES } from '../../src/admin/routes.ts'
import { ORGANISATION_SCOPES, WORKSPACE_SCOPES } from '../../src/contract/scopes.ts'
import { startControlPlane } from './harness.ts'

/** Paths with every parameter filled by something that does not exist. */
const ENDPOINTS = ADMIN_ROUTES.map((route) => ({
  route,
  path: route.path.replace(':type/:subtype', 'workspace/service').replaceAll(/:\w+/g, 'nobody'),
}))

it('no endpoint answers without a key, nor with one that nobody knows', async () => {
  const { call } = await startControlPlane()
  for (const { route, path } of ENDPOINTS) {
    for (const key of [null, 'pcl_unknown', '']) {
      const answer = await call(route.method, path, undefined, key)
      expect([answer.status, answer.body.data], `${route.method} ${path}`).toMatchObject([401, { errorCode: 'AB05' }])
      expect(answer.body).toMatchObject({ success: false })
    }
  }
})

it('every endpoint refuses a key without its scope, before it looks at anything else', async () => {
  const { call, newKey } = await startControlPlane()
  for (const { route, path } of ENDPOINTS.filter((endpoint) => endpoint.route.scope.length > 0)) {
    const scopes = [...WORKSPACE_SCOPES].filter((scope) => !route.scope.includes(scope))
    const { key } = await newKey(scopes)
    const answer = await call(route.method, `${path}?nonsense=1`, { nonsense: 1 }, key)
    expect([answer.status, answer.body.data], `${route.method} ${path}`).toMatchObject([403, { errorCode: 'AB03' }])
  }
})

it('every endpoint refuses a query and a body with names it does not know', async () => {
  const { call } = await startControlPlane()
  for (const { route, path } of ENDPOINTS) {
    const answer = await call(route.method, `${path}?nonsense=1`, route.method === 'GET' ? undefined : { nonsense: 2 })
    expect([answer.status, answer.body.data], `${route.method} ${path}`).toMatchObject([400, { errorCode: 'AB01' }])
    expect(String(answer.body.data['message'])).toContain('"nonsense" is not known here')
  }
})

it('an id in the body that is another one than in the address is refused, whatever it is called', async () => {
  const { call } = await startControlPlane()
  for (const { route, path } of ENDPOINTS) {
    if (route.method === 'GET' || !route.path.includes(':')) continue
    for (const name of ['id', 'slug', 'userId', 'user_id', 'inviteId', 'invite_id', 'workspaceId']) {
      // A config looks for itself first, to know all of its names.
      const looksFirst = route.method === 'PUT' && route.path === '/configs/:slug' && name === 'slug'
      const { status, text } = await call(route.method, path, { [name]: 'another' })
      expect(status, `${route.method} ${path} ${name}: ${text}`).toBe(looksFirst ? 404 : 400)
    }
  }
})

it('every list is paged in both of Portkey’s spellings, and in one at a time', async () => {
  const { call } = await startControlPlane()
  const lists = ADMIN_ROUTES.filter(
    ({ queryNames, path }) => queryNames.includes('current_page') && !path.includes(':'),
  )
  expect(lists.length).toBeGreaterThan(8)
  for (const { path } of lists) {
    for (const query of ['page_size=1&current_page=5', 'pageSize=1&currentPage=5']) {
      const { status, text, body } = await call('GET', `${path}?${query}`)
      expect(status, `${path}?${query} ${text}`).toBe(200)
      expect(body['data'] ?? body['records'], path).toEqual([])
    }
  }
})

it('what does not exist is 404 on every path that names a thing', async () => {
  const { call } = await startControlPlane()
  const bodies: Record<string, unknown> = {
    '/integrations/nobody/models DELETE': { models: ['a'] },
    '/admin/workspaces/nobody/users POST': { users: [{ id: 'nobody' }] },
    '/admin/workspaces/nobody/users/nobody PUT': { role: 'member' },
  }
  for (const { route, path } of ENDPOINTS) {
    // A tag that nobody has used is no thing; its group is empty.
    if (!path.includes('nobody') || path === '/analytics/groups/metadata/nobody') continue
    const answer = await call(route.method, path, bodies[`${path} ${route.method}`])
    expect([answer.status, answer.body.data], `${route.method} ${path}`).toMatchObject([404, { errorCode: 'AB08' }])
  }
})

it('every scope that an endpoint asks for can be held by some key', () => {
  for (const { scope, path } of ADMIN_ROUTES) {
    for (const name of scope)
      expect(ORGANISATION_SCOPES.has(name) || WORKSPACE_SCOPES.has(name), `${path}: ${name}`).toBe(true)
  }
})

it('a failure of ours is reported, and tells the caller nothing of our insides', async () => {
  const { call, store, problems } = await startControlPlane()
  await store.db.schema.dropTable('price_versions').execute()
  const answer = await call('GET', '/prices')
  expect(answer).toMatchObject({ status: 500, body: { success: false, data: { errorCode: 'AB04' } } })
  expect(answer.text).not.toContain('price_versions')
  expect(String(problems[0])).toContain('price_versions')
})

describe('the reference', () => {
  const page = readFileSync(new URL('../../docs/reference/admin-api.md', import.meta.url), 'utf8')

  it('has a heading for every endpoint and for no other', () => {
    const headings = [...page.matchAll(/^### `((?:GET|POST|PUT|DELETE) \S+)`$/gm)].map(([, heading]) => heading)
    expect(headings.toSorted()).toEqual(ADMIN_ROUTES.map(({ method, path }) => `${method} /v1${path}`).toSorted())
  })

  it('names the scopes that each endpoint asks for', () => {
    for (const { method, path, scope } of ADMIN_ROUTES) {
      const section = page.split(`### \`${method} /v1${path}\`\n`)[1]?.split('\n### ')[0] ?? ''
      for (const name of scope) expect(section, `${method} ${path}`).toContain(`\`${name}\``)
    }
  })
})

describe('bodies', () => {
  const send = async (payload: string | Buffer, contentType = 'application/json') => {
    const { app } = await startControlPlane()
    return app.inject({
      method: 'POST',
      url: '/v1/integrations',
      headers: { 'x-portkey-api-key': 'an-administrators-key-of-the-tests', 'content-type': contentType },
      payload,
    })
  }

  it.each([
    ['not JSON', '{"name":', /not valid JSON/],
    ['an array', '[]', /JSON object/],
    ['larger than a megabyte', `{"name":"${'x'.repeat(1_100_000)}"}`, /larger than/],
    ['nested too deep', '{"a":'.repeat(50) + '1' + '}'.repeat(50), /nests deeper/],
    ['with __proto__', '{"__proto__":{"x":1}}', /__proto__/],
  ])('a body that is %s is refused in the shape of the API', async (_what, payload, message) => {
    const response = await send(payload)
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({
      success: false,
      data: { errorCode: 'AB01', message: expect.stringMatching(message) },
    })
  })

  it('a body of another type is refused', async () => {
    expect((await send('<name/>', 'application/xml')).json()).toMatchObject({
      success: false,
      data: { errorCode: 'AB01' },
    })
  })

  it('all problems are told at once, with the name that was meant', async () => {
    const response = await send(JSON.stringify({ nmae: 'x', ai_provider_id: 'openai', usage_limits: {}, key: '' }))
    const { message } = response.json().data
    expect(message).toContain('"nmae" is not known here; did you mean name?')
    expect(message).toContain('name: ')
    expect(message).toContain('ai_provider_id: ')
    expect(message).toContain('usage_limits: this version does not have budgets yet')
    expect(message).toContain('key: ')
  })
})
