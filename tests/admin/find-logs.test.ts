import { describe, expect, it } from 'vitest'
import { exchangeRow } from '../store/rows.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'

async function startFilled(): Promise<ControlPlane> {
  const plane = await startControlPlane()
  const { store, workspace } = plane
  const ours = { organisation_id: workspace.organisationId, workspace_id: workspace.id, key_id: 'key' }
  const rows = [
    { id: 'req_1', model_asked: 'claude-opus-5', model_served: null, cost_nanos: 600_000_000n },
    { id: 'req_2', model_asked: 'claude-opus-5', model_served: null, status: 529, error_code: 'upstream.overloaded' },
    { id: 'req_3', model_asked: 'claude-haiku-5', model_served: null, project: 'check out' },
  ]
  await store.insertMany(
    'exchanges',
    rows.map((row, at) => exchangeRow({ ...ours, received_at: 1_000 + at, ...row })),
  )
  return plane
}

const listed = async ({ call }: ControlPlane, q: string) => {
  const { body, status } = await call('GET', `/logs?count=true&q=${encodeURIComponent(q)}`)
  return status === 200 ? [body.data.map((log) => log['id']), body['count']] : body.data['message']
}

describe('a filter', () => {
  it.each([
    ['model:opus*', ['req_2', 'req_1']],
    ['model:opus* -is:error', ['req_1']],
    ['cost:>0.50', ['req_1']],
    ['error:overloaded', ['req_2']],
    ['project:"check out"', ['req_3']],
    ['dev:nobody', []],
    ['', ['req_3', 'req_2', 'req_1']],
  ])('%s finds what it means, and counts it', async (q, ids) => {
    expect(await listed(await startFilled(), q)).toEqual([ids, { value: ids.length, relation: 'exactly' }])
  })

  it('works beside the other members of the query', async () => {
    const { call } = await startFilled()
    const { body } = await call('GET', '/logs?status=2xx&q=model:opus*')
    expect(body.data.map((log) => log['id'])).toEqual(['req_1'])
  })

  it('that is not understood is refused, with every problem in its place', async () => {
    const told = await listed(await startFilled(), 'modle:x is:eror')
    expect(told).toContain('q: at character 1: "modle" is no field. Did you mean model?')
    expect(told).toContain('q: at character 12: is has no "eror". Did you mean error?')
  })
})

it('facets count the values of what matches, each with the term that finds just these', async () => {
  const { call } = await startFilled()
  const { body } = await call('GET', '/logs/facets?q=cost:%3E=0&fields=model,project,status,tag.team')
  expect(body).toMatchObject({
    records: 3,
    complete: true,
    facets: [
      {
        field: 'model',
        values: [
          { value: 'claude-opus-5', filter: 'model:claude-opus-5', count: 2 },
          { value: 'claude-haiku-5', count: 1 },
        ],
      },
      {
        field: 'project',
        values: [
          { value: null, filter: '-project:*', count: 2 },
          { value: 'check out', filter: 'project:"check out"', count: 1 },
        ],
      },
      { field: 'status', values: [{ filter: 'status:200', count: 2 }, { filter: 'status:529' }] },
      { field: 'tag.team', values: [{ value: 'payments', filter: 'tag.team:payments', count: 3 }] },
    ],
  })
  const facets = body['facets'] as unknown as { values: { filter: string; count: number }[] }[]
  for (const { filter, count } of facets.flatMap(({ values }) => values)) {
    const found = await call('GET', `/logs?q=${encodeURIComponent(filter)}`)
    expect([filter, found.body.data.length]).toEqual([filter, count])
  }
})

it('an editor is told what a filter means, what is wrong with it, and what could come next', async () => {
  const { call, workspace } = await startFilled()
  const ask = async (q: string) => (await call('GET', `/logs/filter?q=${encodeURIComponent(q)}`)).body
  expect(await ask('model:opus* is:error')).toMatchObject({
    canonical: 'model:opus* is:error',
    sentence: 'Opus requests that failed',
    problems: [],
    completion: { from: 15, to: 20, suggestions: [{ text: 'error' }] },
  })
  expect(await ask('model:hai')).toMatchObject({
    completion: { from: 6, suggestions: [{ text: 'claude-haiku-5', summary: '1 of the newest requests' }] },
  })
  expect(await ask(`ws:${workspace.slug.slice(0, 6)}`)).toMatchObject({
    completion: { suggestions: [{ text: workspace.slug }] },
  })
  expect(await ask('nonsense"')).toMatchObject({ problems: [{ from: 8 }, { from: 0 }] })
})

it('what others said is searched with a reason only', async () => {
  const { call } = await startFilled()
  const answer = await call('GET', '/logs/search?text=retry')
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('x-portcullis-reason')])
  expect((await call('GET', '/logs?q=%22retry%22')).status).toBe(400)
})

it('a search that finds nothing says whether there is an index at all', async () => {
  const { call, newKey, workspace } = await startFilled()
  const { key } = await newKey(['logs.list'])
  const ask = async (path: string) => (await call('GET', path, undefined, key)).body
  const say = async (path: string, searchable: boolean) =>
    expect((await call('PUT', path, { records: { searchable } })).status).toBe(200)

  expect(await ask('/logs/search?text=retry')).toMatchObject({ data: [], indexed: false })
  await say(`/admin/workspaces/${workspace.slug}`, true)
  expect(await ask('/logs/search?text=retry')).toMatchObject({ data: [], indexed: true })
  expect(await ask('/logs?q=%22retry%22')).toMatchObject({ data: [], indexed: true })
  expect(await ask('/logs?q=model:opus*')).toMatchObject({ indexed: null })
  await say('/organisation', false)
  expect(await ask('/logs?q=%22retry%22')).toMatchObject({ data: [], indexed: false })
})

it('an index that one key has switched on is an index', async () => {
  const { call, newKey } = await startFilled()
  const { key } = await newKey(['logs.list'], { records: { searchable: true } })
  expect((await call('GET', '/logs/search?text=retry', undefined, key)).body).toMatchObject({ data: [], indexed: true })
})
