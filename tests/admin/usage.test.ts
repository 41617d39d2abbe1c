import { describe, expect, it } from 'vitest'
import { keepRollUps } from '../../src/store/rollups/keep-roll-ups.ts'
import { callRow, exchangeRow } from '../store/rows.ts'
import { startControlPlane, type ControlPlane } from './harness.ts'

const DAY_MS = 86_400_000
/** 1 March 2026, 12:00 UTC. */
const NOON = Date.UTC(2026, 2, 1, 12)
const RANGE = 'since=2026-03-01T00:00:00Z&until=2026-03-04T00:00:00Z'

/** Three days: a dollar of one model each day, two of another on the last; one failure; a second workspace. */
async function startFilled(): Promise<ControlPlane> {
  const plane = await startControlPlane()
  const { store, workspace, otherWorkspace, clock } = plane
  const ours = { organisation_id: workspace.organisationId, workspace_id: workspace.id, key_id: 'key', status: 200 }
  const theirs = { ...ours, workspace_id: otherWorkspace.id }
  const opus = { model: 'claude-opus-5', model_served: 'claude-opus-5', cost: 1_000_000_000n }
  const haiku = { model: 'claude-haiku-5', model_served: 'claude-haiku-5', cost: 2_000_000_000n }
  const rows = [
    { at: NOON, ...ours, ...opus, project: 'shop', tags: '{"team":"a"}' },
    { at: NOON + DAY_MS, ...ours, ...opus, project: null, tags: '{}' },
    { at: NOON + 2 * DAY_MS, ...ours, ...opus, project: 'shop', tags: '{"team":"a"}' },
    { at: NOON + 2 * DAY_MS + 1, ...ours, ...haiku, project: null, tags: '{"team":"b"}', status: 529 },
    { at: NOON + 2 * DAY_MS + 2, ...theirs, ...haiku, project: null, tags: '{}' },
  ]
  await keepRollUps({
    db: store.db,
    clock,
    zone: () => 'UTC',
    report: (problem) => expect(problem).toBe(undefined),
  }).settle()
  for (const [index, { at, model, cost, tags, status, ...row }] of rows.entries()) {
    const shared = { ...row, received_at: at, cost_nanos: cost, request_class: 'main' }
    const id = `req_${index}`
    const exchange = { ...shared, id, model_asked: model, metadata: tags, status, total_ms: 100 * (index + 1) }
    await store.insertMany('exchanges', [exchangeRow(exchange)])
    await store.insertMany('ledger_calls', [
      callRow({ ...shared, exchange_id: id, model, opened_at: at, closed_at: at }),
    ])
  }
  return plane
}

interface Series {
  readonly kind: string
  readonly group: { readonly value: string | null; readonly name: string | null; readonly filter: string } | null
  readonly total: number | null
  readonly total_usd: string | null
  readonly values: readonly (number | null)[]
  readonly previous_total: number | null
}

async function chart({ call }: ControlPlane, query: string) {
  const answer = await call('GET', `/usage/series?${RANGE}&${query}`)
  expect(answer.text).toContain('usage-series')
  return answer.body as unknown as { series: readonly Series[]; source: string; complete: boolean; starts: string[] }
}

const lines = (series: readonly Series[]) =>
  series.map(({ kind, group, values }) => [group === null ? kind : group.value, ...values])

describe('a chart', () => {
  it('adds up to what was spent, by day and by group, and says what is left', async () => {
    const plane = await startFilled()
    const { series, source, complete, starts } = await chart(plane, 'group=model&top=1')
    expect({ source, complete, starts }).toEqual({
      source: 'rollups',
      complete: true,
      starts: ['2026-03-01T00:00:00.000Z', '2026-03-02T00:00:00.000Z', '2026-03-03T00:00:00.000Z'],
    })
    expect(lines(series)).toEqual([
      ['all', 1, 1, 5],
      ['claude-haiku-5', 0, 0, 4],
      ['rest', 1, 1, 1],
    ])
    expect(series.map(({ total_usd: usd }) => usd)).toEqual(['7', '4', '3'])
  })

  it('comes to the same from roll-ups and from records', async () => {
    const plane = await startFilled()
    for (const metric of [
      'cost',
      'requests',
      'errors',
      'error_rate',
      'tokens',
      'tokens.cache_read',
      'cache_hit_rate',
    ]) {
      for (const group of ['model', 'project', 'workspace', 'key', 'class', 'provider', 'user', 'tag.team']) {
        const known = await chart(plane, `metric=${metric}&group=${group}`)
        // What is always so, and roll-ups know nothing of.
        const asked = await chart(plane, `metric=${metric}&group=${group}&q=attempts:%3E=0`)
        expect([metric, group, known.source, asked.source]).toEqual([metric, group, 'rollups', 'rows'])
        expect([metric, group, lines(asked.series)]).toEqual([metric, group, lines(known.series)])
      }
    }
  })

  it('follows a filter, from roll-ups where they know of it', async () => {
    const plane = await startFilled()
    const totals = async (q: string) => {
      const { series, source } = await chart(plane, `q=${encodeURIComponent(q)}`)
      return [source, series[0]?.total_usd]
    }
    expect(await totals('model:opus*')).toEqual(['rollups', '3'])
    expect(await totals('-model:opus*')).toEqual(['rollups', '4'])
    expect(await totals('project:SHOP')).toEqual(['rollups', '2'])
    expect(await totals('-project:*')).toEqual(['rollups', '5'])
    expect(await totals(`ws:${plane.otherWorkspace.slug}`)).toEqual(['rollups', '2'])
    expect(await totals('is:error')).toEqual(['rows', '2'])
    expect(await totals('tag.team:a')).toEqual(['rows', '2'])
    expect(await totals('model:nobody')).toEqual(['rollups', '0'])
  })

  it('tells percentiles, also of whole months', async () => {
    const plane = await startFilled()
    const { series, source } = await chart(plane, 'metric=duration.p50')
    expect(source).toBe('rollups')
    expect(series[0]!.values.map((value) => Math.round(value! / 100))).toEqual([1, 2, 3])
    const asked = await chart(plane, 'metric=duration.p50&q=is:success')
    expect([asked.source, asked.series[0]!.values]).toEqual(['rows', series[0]!.values])
    const month = await chart(plane, 'metric=duration.p99&by=month&group=model')
    expect(month.series.map(({ values }) => values.length)).toEqual([1, 1, 1])
  })

  it('compares with as long a time before, and runs up', async () => {
    const plane = await startFilled()
    const query = 'since=2026-03-03T00:00:00Z&until=2026-03-04T00:00:00Z&compare=previous'
    const { body } = await plane.call('GET', `/usage/series?${query}`)
    expect((body['series'] as unknown as Series[])[0]).toMatchObject({ total: 5, previous_total: 1 })
    const { series } = await chart(plane, 'cumulative=true')
    expect(series[0]!.values).toEqual([1, 2, 7])
  })

  it('has a limit, and tells what to write instead of what it does not know', async () => {
    const { call } = await startFilled()
    const told = async (query: string) => (await call('GET', `/usage/series?${query}`)).text
    expect(await told('by=hour&since=2020-01-01T00:00:00Z')).toContain('more than 1000 values')
    expect(await told('group=modle')).toContain('did you mean model?')
    expect(await told('metric=error_rate&cumulative=true')).toContain('does not add up')
    expect(await told('q=%22words%22')).toContain('not added up')
    expect(await told('q=modle:x')).toContain('q: at character 1: ')
  })
})

it('a breakdown has every sum of each group, its share, and the total', async () => {
  const { call } = await startFilled()
  const { body } = await call('GET', `/usage/breakdown?${RANGE}&group=project&compare=previous`)
  expect(body).toMatchObject({
    source: 'rollups',
    data: [
      {
        group: { value: null, filter: '-project:*' },
        value: 5,
        share: 5 / 7,
        sums: { requests: 3, errors: 1, cost: 500 },
      },
      { group: { value: 'shop', filter: 'project:shop' }, value: 2, sums: { requests: 2, cost_usd: '2' } },
    ],
    total: { value: 7, previous_value: 0, sums: { requests: 5, cost_usd: '7' } },
  })
})
