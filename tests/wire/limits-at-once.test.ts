import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type TestGateway, startGateway } from '../../src/testing/gateway.ts'
import { send } from '../../src/testing/http.ts'

const OPUS = 'claude-opus-5-5'
const HAIKU = 'claude-haiku-4-5'

let gateway: TestGateway

beforeEach(async () => {
  gateway = await startGateway()
})

afterEach(() => gateway.stop())

/** The status of a request, and what it is told. */
async function ask(key: string, model = OPUS, headers: readonly string[] = []) {
  const { status, body } = await send(`${gateway.url}/v1/messages`, {
    headers: ['x-api-key', key, 'content-type', 'application/json', ...headers],
    body: JSON.stringify({ model, max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] }),
  }).answer
  return { status, text: body.toString() }
}

const statusOf = async (...request: Parameters<typeof ask>) => (await ask(...request)).status

describe('with the next request', () => {
  test('a budget that is raised serves, and one that is lowered refuses', async () => {
    const { id, key } = await gateway.createKey({ usage_limits: { credit_limit: '0.000001' } })
    expect(await statusOf(key)).toBe(402)
    await gateway.admin('PUT', `/api-keys/${id}`, { usage_limits: { credit_limit: 10 } })
    expect(await statusOf(key)).toBe(200)
    await gateway.admin('PUT', `/api-keys/${id}`, { usage_limits: { credit_limit: '0.000001' } })
    expect(await statusOf(key)).toBe(402)
    await gateway.admin('PUT', `/api-keys/${id}`, { usage_limits: null })
    expect(await statusOf(key)).toBe(200)
  })

  test('a budget of requests that is spent begins anew by hand', async () => {
    const { id, key } = await gateway.createKey({ usage_limits: { type: 'requests', credit_limit: 2 } })
    expect([await statusOf(key), await statusOf(key), await statusOf(key)]).toEqual([200, 200, 402])
    expect(await gateway.admin('GET', `/api-keys/${id}`)).toMatchObject({
      status: 'exhausted',
      usage_limits: { current_usage: 2, held: 0, remaining: 0, status: 'exhausted' },
    })
    await gateway.admin('PUT', `/api-keys/${id}`, { reset_usage: true })
    expect(await statusOf(key)).toBe(200)
  })

  test('a policy refuses whom it names, and nobody when it is gone', async () => {
    const { id } = await gateway.admin<{ id: string }>('POST', '/policies/usage-limits', {
      name: 'No Opus',
      conditions: [{ key: 'model', value: 'claude-opus-*' }],
      credit_limit: 0,
    })
    const refused = await ask(gateway.key)
    expect(refused.status).toBe(402)
    expect(refused.text).toContain('Policy “No Opus”')
    expect(await statusOf(gateway.key, HAIKU)).toBe(200)
    await gateway.admin('DELETE', `/policies/usage-limits/${id}`)
    expect(await statusOf(gateway.key)).toBe(200)
  })

  test('a rate limit of a policy counts for each key by itself', async () => {
    const other = (await gateway.createKey()).key
    const { id } = await gateway.admin<{ id: string }>('POST', '/policies/rate-limits', {
      group_by: [{ key: 'api_key' }],
      type: 'requests',
      unit: 'rpd',
      value: 1,
    })
    expect([await statusOf(gateway.key), await statusOf(gateway.key), await statusOf(other)]).toEqual([200, 429, 200])
    await gateway.admin('PUT', `/policies/rate-limits/${id}`, { value: 2 })
    expect([await statusOf(gateway.key), await statusOf(gateway.key)]).toEqual([200, 429])
  })

  test('a tag that its key sets leads a request to its amount, whatever the request claims', async () => {
    await gateway.admin('POST', '/policies/usage-limits', {
      name: 'Interns',
      conditions: [{ key: 'metadata.team', value: 'interns' }],
      credit_limit: 0,
    })
    const intern = await gateway.createKey({ defaults: { provider: '@upstream', metadata: { team: 'interns' } } })
    const claim = ['x-portkey-metadata', '{"team":"platform"}']
    expect(await statusOf(intern.key)).toBe(402)
    expect(await statusOf(intern.key, OPUS, claim)).toBe(402)
    expect(await statusOf(gateway.key, OPUS, claim)).toBe(200)
  })
})

test('what a call has cost stands in every budget that it belongs to, to the nano-dollar', async () => {
  const { id: policy } = await gateway.admin<{ id: string }>('POST', '/policies/usage-limits', {
    group_by: ['model'],
    credit_limit: 10,
  })
  await gateway.admin('PUT', '/organisation', { usage_limits: { credit_limit: 10 } })
  const { id, key } = await gateway.createKey({ usage_limits: { credit_limit: 10 } })
  await ask(key)
  await ask(key, HAIKU)
  const { cost_usd: cost } = await gateway.summary()
  const spent = Number(cost)
  expect(spent).toBeGreaterThan(0)
  expect(await gateway.admin('GET', `/api-keys/${id}`)).toMatchObject({ usage_limits: { current_usage: spent } })
  expect(await gateway.admin('GET', '/organisation')).toMatchObject({ usage_limits: [{ current_usage: spent }] })
  const { data } = await gateway.admin<{ data: { values: object; current_usage: number }[] }>(
    'GET',
    `/policies/usage-limits/${policy}/entities`,
  )
  expect(data.map(({ values }) => values)).toEqual([{ model: OPUS }, { model: HAIKU }])
  const nanos = data.map(({ current_usage: used }) => Math.round(used * 1e9))
  expect(nanos[0]! + nanos[1]!).toBe(Math.round(spent * 1e9))
})
