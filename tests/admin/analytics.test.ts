import { beforeEach, describe, expect, it } from 'vitest'
import { ADMIN_ROUTES } from '../../src/admin/routes.ts'
import { WORKSPACE_SCOPES } from '../../src/contract/scopes.ts'
import { keepRollUps } from '../../src/store/rollups/keep-roll-ups.ts'
import { callRow, exchangeRow } from '../store/rows.ts'
import { addUser } from '../store/tenants.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'

const NOW = Date.UTC(2026, 11, 5, 12)
const DAY_MS = 86_400_000
const RANGE = `time_of_generation_min=${new Date(NOW - 2.5 * DAY_MS).toISOString()}&time_of_generation_max=${new Date(NOW).toISOString()}`

let plane: ControlPlane
let userId: string

beforeEach(async () => {
  plane = await startControlPlane()
  plane.clock.advance(NOW - plane.clock.now())
  const { store, workspace, otherWorkspace, clock } = plane
  userId = (await addUser(store.db, workspace.organisationId, { email: 'ana@example.com' })).id
  await keepRollUps({ db: store.db, clock, zone: () => 'UTC', report: () => {} }).settle()
  const rows = [
    { status: 200, total_ms: 100, user_id: userId, trace_id: 'good' },
    { status: 200, total_ms: 100, cache_status: 'HIT', attempts: 0, cost_nanos: 0n, ...NO_TOKENS },
    { status: 200, total_ms: 100, retries: 1, received_at: NOW - 2 * DAY_MS },
    { status: 429, model_served: null, model_asked: 'claude-haiku-4-5', metadata: '{"team":"search"}' },
    { status: 500, received_at: NOW - DAY_MS, workspace_id: otherWorkspace.id, trace_id: 'bad' },
  ].map((over, at) =>
    exchangeRow({
      id: `req_${at}`,
      organisation_id: workspace.organisationId,
      workspace_id: workspace.id,
      received_at: NOW - 60_000,
      ...over,
    }),
  )
  await store.insertMany('exchanges', rows)
  await store.insertMany(
    'ledger_calls',
    rows
      .filter(({ attempts }) => attempts !== 0)
      .map(({ id, workspace_id, user_id, received_at, model_asked, model_served }) =>
        callRow({
          exchange_id: id,
          organisation_id: workspace.organisationId,
          workspace_id: workspace_id!,
          user_id: user_id ?? null,
          opened_at: received_at,
          received_at,
          model: model_asked!,
          model_served: model_served ?? null,
        }),
      ),
  )
})

const NO_TOKENS = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_write_5m_tokens: 0,
  cache_write_1h_tokens: 0,
}

async function ask(path: string, query = '', key?: string) {
  const answer = await plane.call('GET', `/analytics/${path}?${RANGE}${query}`, undefined, key)
  expect(answer.status, answer.text).toBe(200)
  return answer.body as unknown as {
    readonly summary: Readonly<Record<string, unknown>>
    readonly data_points: readonly Readonly<Record<string, unknown>>[]
    readonly data: readonly Readonly<Record<string, unknown>>[]
    readonly total: number
  }
}

describe('a graph', () => {
  it.each([
    ['requests', { total: 5 }, { total: 1 }],
    ['cost', { total: 0.4, avg: 0.08 }, { total: 0.1, avg: 0.1 }],
    ['tokens', { total: 60, avg: 12 }, { total: 15, avg: 15 }],
    ['users', { total: 1 }, { total: 0 }],
    ['users/requests', { total: 5, unique: 1, avg: 5 }, { total: 1, unique: 0, avg: null }],
    ['errors', { total: 2 }, { total: 0 }],
    ['errors/rate', { rate: 40 }, { rate: 0 }],
    [
      'errors/stacks',
      {
        total: 2,
        stats: [
          { response_status_code: 429, count: 1 },
          { response_status_code: 500, count: 1 },
        ],
      },
      { stats: [] },
    ],
    ['requests/rescued', { retry: 1, fallback: 0 }, { retry: 1, fallback: 0 }],
    ['cache/hit-rate', { total: 1, rate: 20 }, { simple_hits: 0, semantic_hits: 0, rate: 0 }],
  ])('of %s tells the whole time and each day of it', async (path, summary, first) => {
    const { summary: whole, data_points: points, ...rest } = await ask(`graphs/${path}`)
    expect(whole).toEqual(summary)
    expect(points).toHaveLength(3)
    expect(points[0]).toMatchObject({ timestamp: '2026-12-03T00:00:00.000Z', ...first })
    expect(rest).toEqual({ object: 'analytics-graph', searched_until: null })
  })

  it('of latencies is of what succeeded, within a tenth', async () => {
    const { summary } = await ask('graphs/latency')
    for (const name of ['avg', 'p50', 'p90', 'p99']) expect(Math.abs(Number(summary[name]) - 100)).toBeLessThan(10)
    expect(Number((await ask('graphs/cache/latency')).summary['avg'])).toBeGreaterThan(90)
  })

  it('of status codes is told by the code', async () => {
    expect(await ask('graphs/errors/status-codes')).toMatchObject({
      summary: { total_errors: 2, unique_error_codes: 2 },
      data_points: [
        { status_code: 429, count: 1 },
        { status_code: 500, count: 1 },
      ],
    })
  })

  it('answers the same under each of its names', async () => {
    const twins = [
      ['users/requests', 'users-requests'],
      ['errors/rate', 'errors-rate'],
      ['errors/stacks', 'errors-stack'],
      ['errors/status-codes', 'errors-status-code'],
      ['requests/rescued', 'requests-rescued'],
      ['cache/hit-rate', 'cache-hit-rate'],
      ['cache/latency', 'cache-latency'],
      ['feedbacks/scores', 'feedbacks/score'],
    ]
    for (const [one, other] of twins) expect(await ask(`graphs/${one}`)).toEqual(await ask(`graphs/${other}`))
  })

  it('comes to the same as our own charts, from sums and from records', async () => {
    const range = `since=${new Date(NOW - 2.5 * DAY_MS).toISOString()}&until=${new Date(NOW).toISOString()}`
    for (const [q, filters] of [
      ['', ''],
      ['model:claude-opus-5-20260101', '&q=model:claude-opus-5-20260101'],
      ['status:200', '&status_code=200'],
      ['tag.team:payments', '&metadata={"team":"payments"}'],
    ]) {
      const own = await plane.call('GET', `/usage/breakdown?${range}&q=${encodeURIComponent(q!)}`)
      const { sums } = (own.body as unknown as { total: { sums: { requests: number; cost: number } } }).total
      expect([q, (await ask('graphs/requests', filters)).summary]).toEqual([q, { total: sums.requests }])
      expect([q, (await ask('graphs/cost', filters)).summary['total']]).toEqual([q, sums.cost])
    }
  })

  it('is filtered by everything that Portkey has a name for', async () => {
    await plane.call('POST', `/feedback?workspace_id=${plane.workspace.id}`, {
      trace_id: 'good',
      value: 4,
      weight: 0.5,
    })
    for (const [filter, found] of [
      ['&total_units_min=1', 4],
      ['&total_units_max=0', 1],
      ['&cost_min=0.1&cost_max=0.1', 4],
      ['&prompt_token_min=14', 0],
      ['&completion_token_min=2', 4],
      ['&status_code=429,500', 2],
      ['&virtual_keys=@sandbox,other', 5],
      ['&virtual_keys=other', 0],
      ['&configs=pc-none', 0],
      ['&api_key_ids=key', 5],
      ['&metadata={"team":"search"}', 1],
      ['&ai_org_model=claude-haiku-4-5', 1],
      ['&ai_org_model=anthropic__claude-haiku-4-5', 0],
      ['&cache_status=hit', 1],
      ['&trace_id=good', 1],
      ['&span_id=none', 0],
      ['&prompt_slug=any', 0],
      ['&weighted_feedback_min=2', 1],
      ['&weighted_feedback_max=1.5', 0],
      [`&workspace_slug=${plane.otherWorkspace.slug}`, 1],
      ['&q=is:error', 2],
    ] as const) {
      expect([filter, (await ask('graphs/requests', filter)).summary]).toEqual([filter, { total: found }])
    }
  })
})

describe('feedback', () => {
  it('is counted, by score, by weight and by model', async () => {
    const here = `workspace_id=${plane.workspace.id}`
    const given = [
      { trace_id: 'good', value: 10, weight: 0.5 },
      { trace_id: 'good', value: -1 },
      { trace_id: 'unknown', value: -1 },
    ]
    expect((await plane.call('POST', `/feedback?${here}`, given)).status).toBe(200)
    // It is given now, so that the range has to reach that far.
    const later = '&time_of_generation_max=' + new Date(NOW + DAY_MS).toISOString()
    const about = async (path: string) =>
      (await plane.call('GET', `/analytics/${path}?${later}`)).body as unknown as Awaited<ReturnType<typeof ask>>
    expect((await about('graphs/feedbacks')).summary).toEqual({ total: 3 })
    expect(await about('graphs/feedbacks/scores')).toMatchObject({
      summary: { total: 3 },
      data_points: [
        { score: -1, total: 2 },
        { score: 10, total: 1 },
      ],
    })
    expect((await about('graphs/feedbacks/weighted')).summary).toEqual({ avg: 1 })
    expect((await about('graphs/feedbacks/ai-models')).data_points).toEqual([
      { ai_model: 'claude-opus-5-20260101', total: 2, avg_weighted_feedback: 2 },
    ])
    expect((await about('groups/metadata/team')).data).toMatchObject([
      { metadata_value: 'payments', requests: 4, requests_with_feedback: 1, avg_weighted_feedback: 2 },
      { metadata_value: 'search', requests: 1, requests_with_feedback: 0, avg_weighted_feedback: null },
    ])
  })
})

describe('a group', () => {
  it('has Portkey’s columns', async () => {
    expect((await ask('groups/users')).data).toEqual([
      { user: null, id: null, requests: 4, cost: 0.3 },
      { user: 'ana@example.com', id: userId, requests: 1, cost: 0.1 },
    ])
    expect((await ask('groups/ai-models')).data).toMatchObject([
      { ai_model: 'claude-opus-5-20260101', requests: 4 },
      { ai_model: 'claude-haiku-4-5', requests: 1 },
    ])
    expect((await ask('groups/workspaces')).data).toMatchObject([
      { workspace: plane.workspace.slug, requests: 4 },
      { workspace: plane.otherWorkspace.slug, requests: 1 },
    ])
    const team = await ask('groups/metadata/team')
    expect(team.data[0]).toEqual({
      metadata_value: 'payments',
      requests: 4,
      cost: 0.3,
      avg_tokens: 11.25,
      avg_weighted_feedback: null,
      requests_with_feedback: 0,
      last_seen: '2026-12-05T00:00:00.000Z',
    })
  })

  it.each([
    ['model', 2],
    ['provider', 1],
    ['ai_service', 1],
    ['workspace', 2],
    ['api_key', 1],
    ['status_code', 3],
    ['config', 1],
    ['prompt', 0],
  ])('by %s adds up to everything', async (by, groups) => {
    const { data, total } = await ask(`groups/${by}`)
    expect(total).toBe(groups)
    if (groups > 0) expect(data.reduce((sum, { requests }) => sum + Number(requests), 0)).toBe(5)
  })

  it('has the columns that are asked for, in the order that is asked for, page by page', async () => {
    const query = '&columns=requests,success_rate,avg_latency,first_seen&order_by=requests&order_by_type=asc'
    const { data, total } = await ask('groups/model', `${query}&page_size=1&current_page=1`)
    expect([total, data]).toEqual([
      2,
      [
        {
          group: 'claude-opus-5-20260101',
          group_name: null,
          requests: 4,
          success_rate: 75,
          avg_latency: expect.any(Number),
          first_seen: '2026-12-03T00:00:00.000Z',
        },
      ],
    ])
    const wrong = await plane.call('GET', '/analytics/groups/model?columns=request')
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('did you mean requests?')])
    expect((await plane.call('GET', '/analytics/groups/nonsense')).status).toBe(404)
  })
})

it('the cache is summed up', async () => {
  const { summary } = await ask('summary/cache')
  expect(summary).toMatchObject({ hits: 1, total_requests: 5, cache_speedup: 1 })
})

it('nobody is told of another workspace, in any graph or group', async () => {
  const { key } = await plane.newKey([...WORKSPACE_SCOPES])
  const paths = ADMIN_ROUTES.filter(({ path }) => path.startsWith('/analytics/')).map(({ path }) =>
    path.slice('/analytics/'.length).replace(':groupBy', 'workspace').replace(':key', 'team'),
  )
  expect(paths.length).toBeGreaterThan(25)
  for (const path of paths) {
    const text = JSON.stringify(await ask(path, '', key))
    expect(text).not.toContain(plane.otherWorkspace.id)
    expect(text).not.toContain('500')
  }
  expect((await ask('graphs/requests', '', key)).summary).toEqual({ total: 4 })
  const { status } = await plane.call('GET', `/analytics/graphs/cost?workspace_slug=ws-other`, undefined, key)
  expect(status).toBe(404)
})
