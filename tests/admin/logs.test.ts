import { describe, expect, it } from 'vitest'
import { callRow, exchangeRow } from '../store/rows.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'

/** Writes exchanges of the first workspace, and one of the other. */
async function fill({ store, workspace, otherWorkspace }: ControlPlane, keyId: string) {
  const ours = { organisation_id: workspace.organisationId, workspace_id: workspace.id, key_id: keyId }
  const rows = [
    { id: 'req_1', received_at: 1_000, session_id: 'one', status: 200 },
    { id: 'req_2', received_at: 2_000, session_id: 'one', status: 429, outcome: 'refused' },
    {
      id: 'req_3',
      received_at: 3_000,
      session_id: 'two',
      status: 404,
      model_asked: 'claude-haiku-5-5',
      model_served: null,
    },
    {
      id: 'req_4',
      received_at: 3_000,
      session_id: 'two',
      provider_slug: 'claude',
      estimated: 1,
      price_flag: 'unknown_model',
    },
    { id: 'req_5', received_at: 4_000, key_id: 'another', cost_nanos: 1_234_567_890n },
  ]
  await store.insertMany(
    'exchanges',
    rows.map((row) => exchangeRow({ ...ours, ...row })),
  )
  const theirs = { organisation_id: otherWorkspace.organisationId, workspace_id: otherWorkspace.id }
  await store.insertMany('exchanges', [exchangeRow({ ...theirs, id: 'req_theirs', received_at: 5_000 })])
  await store.insertMany('ledger_calls', [
    callRow({ ...ours, exchange_id: 'req_1', ordinal: 0, closed_at: 1_500, cost_nanos: 9_007_199_254_740_993n }),
    callRow({ ...ours, exchange_id: 'req_1', ordinal: 1, closed_at: 1_600, cost_nanos: 7n }),
    callRow({ ...theirs, exchange_id: 'req_theirs', closed_at: 5_500, cost_nanos: 1n }),
  ])
}

const ids = (answer: { body: { data: readonly Record<string, unknown>[] } }) =>
  answer.body.data.map((item) => item['id'])

describe('logs', () => {
  it('come newest first, page by page, each once', async () => {
    const plane = await startControlPlane()
    await fill(plane, 'key')
    const seen: unknown[] = []
    let cursor = ''
    for (;;) {
      const page = await plane.call('GET', `/logs?limit=2${cursor}`)
      seen.push(...ids(page))
      if (page.body['next_cursor'] === null) break
      cursor = `&cursor=${String(page.body['next_cursor'])}`
    }
    expect(seen).toEqual(['req_theirs', 'req_5', 'req_4', 'req_3', 'req_2', 'req_1'])
  })

  it.each([
    ['session=one', ['req_2', 'req_1']],
    ['key=another', ['req_5']],
    ['model=claude-haiku-5-5', ['req_3']],
    ['provider=@claude', ['req_4']],
    ['status=429', ['req_2']],
    ['status=4xx', ['req_3', 'req_2']],
    ['since=1970-01-01T00:00:03Z', ['req_theirs', 'req_5', 'req_4', 'req_3']],
    ['until=1970-01-01T00:00:02Z', ['req_1']],
    ['workspace_id=ws-other', ['req_theirs']],
    ['session=one&status=2xx', ['req_1']],
  ])('%s filters', async (query, expected) => {
    const plane = await startControlPlane()
    await fill(plane, 'key')
    expect(ids(await plane.call('GET', `/logs?${query}`))).toEqual(expected)
  })

  it.each(['limit=0', 'limit=201', 'status=ok', 'since=yesterday', 'cursor=nonsense', 'colour=red', 'limit=1&limit=2'])(
    '%s is refused',
    async (query) => {
      const { call } = await startControlPlane()
      expect((await call('GET', `/logs?${query}`)).status).toBe(400)
    },
  )

  it("carry Portkey's names, every kind of token, and the cost in cents and in exact dollars", async () => {
    const plane = await startControlPlane()
    await fill(plane, 'key')
    expect((await plane.call('GET', '/logs/req_5')).body).toMatchObject({
      id: 'req_5',
      object: 'log',
      created_at: '1970-01-01T00:00:04.000Z',
      ai_model: 'claude-opus-5-20260101',
      virtual_key: 'sandbox',
      provider: '@sandbox',
      req_units: 13,
      res_units: 2,
      total_units: 15,
      cost: 123.456789,
      cost_usd: '1.23456789',
      is_success: true,
      stream_mode: true,
      session_id: 'session',
      workspace_slug: plane.workspace.slug,
      metadata: { team: 'payments' },
      tokens: { input: 1, output: 2, cache_read: 3, cache_write_5m: 4, cache_write_1h: 5, thinking: 6 },
      price_version: '2026-11-23',
      flags: [],
    })
    expect((await plane.call('GET', '/logs/req_4')).body).toMatchObject({ flags: ['usage_estimated', 'unknown_model'] })
  })

  it("a workspace's key sees its workspace, a person's key its own requests, and nobody more", async () => {
    const plane = await startControlPlane()
    const service = await plane.newKey(['logs.view'])
    const personal = await plane.newKey(['logs.view'], { type: 'user' })
    await fill(plane, personal.id)
    expect(ids(await plane.call('GET', '/logs', undefined, service.key))).toEqual([
      'req_5',
      'req_4',
      'req_3',
      'req_2',
      'req_1',
    ])
    expect(ids(await plane.call('GET', '/logs', undefined, personal.key))).toEqual(['req_4', 'req_3', 'req_2', 'req_1'])
    expect(ids(await plane.call('GET', '/logs?key=another', undefined, personal.key))).toEqual([])
    expect((await plane.call('GET', '/logs/req_5', undefined, personal.key)).status).toBe(404)
    expect((await plane.call('GET', '/logs/req_theirs', undefined, service.key)).status).toBe(404)
    expect((await plane.call('GET', '/logs?workspace_id=ws-other', undefined, service.key)).status).toBe(404)
    expect((await plane.call('GET', '/usage/summary?key=another', undefined, personal.key)).body).toMatchObject({
      upstream_calls: 0,
    })
  })
})

describe('the summary', () => {
  it('adds up the account book, exactly', async () => {
    const plane = await startControlPlane()
    await fill(plane, 'key')
    expect((await plane.call('GET', `/usage/summary?workspace_id=${plane.workspace.id}`)).body).toMatchObject({
      object: 'usage-summary',
      requests: 1,
      upstream_calls: 2,
      tokens: { input: 2, output: 4, cache_read: 6 },
      cost_usd: '9007199.254741',
    })
    expect((await plane.call('GET', '/usage/summary')).body).toMatchObject({ requests: 2, upstream_calls: 3 })
    expect((await plane.call('GET', '/usage/summary?session=one')).body).toMatchObject({ upstream_calls: 2 })
    expect((await plane.call('GET', '/usage/summary?session=nobody')).body).toMatchObject({
      upstream_calls: 0,
      cost_usd: '0',
    })
  })
})

it('a log tells its route, and logs are found by config and by what the cache did', async () => {
  const { call, store, workspace } = await startControlPlane()
  const ours = { organisation_id: workspace.organisationId, workspace_id: workspace.id }
  const route = [
    { path: 'config.targets[0]', provider: 'a', result: 'failed', status: 529, reason: 'overloaded_error', ms: 12.5 },
    { path: 'config.targets[1]', provider: 'b', result: 'answered', status: 200, ms: 30 },
  ]
  await store.insertMany('exchanges', [
    exchangeRow({
      ...ours,
      id: 'req_routed',
      config_id: 'pc-a',
      config_version_id: 'v1',
      target_path: 'config.targets[1]',
      retries: 1,
      cache_status: 'MISS',
      route: JSON.stringify(route),
      changes: '["dropped context_management"]',
    }),
    exchangeRow({ ...ours, id: 'req_plain', config_id: null, cache_status: 'HIT' }),
  ])
  expect((await call('GET', '/logs/req_routed')).body).toMatchObject({
    config: 'pc-a',
    config_version_id: 'v1',
    target_path: 'config.targets[1]',
    retries: 1,
    cache_status: 'MISS',
    route: [route[0], { ...route[1], reason: null }],
    changes: ['dropped context_management'],
  })
  expect(ids(await call('GET', '/logs?config=pc-a'))).toEqual(['req_routed'])
  expect(ids(await call('GET', '/logs?cache=HIT'))).toEqual(['req_plain'])
  expect((await call('GET', '/logs?cache=sometimes')).status).toBe(400)
})
