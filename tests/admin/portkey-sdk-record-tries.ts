import type { Portkey } from 'portkey-ai'
import { expect } from 'vitest'
import type { ControlPlane } from './harness.ts'
import type { Try } from './portkey-sdk-tries.ts'

const GRAPHS = [
  'requests',
  'cost',
  'latency',
  'tokens',
  'users',
  'usersRequests',
  'errors',
  'errors_rate',
  'errors_stack',
  'errors_status_code',
  'requests_rescued',
  'cache_hit_rate',
  'cache_latency',
  'feedbacks',
  'feedbacks_score',
  'feedbacks_weighted',
  'feedback_ai_models',
] as const

/** Methods that write and read records, in an order in which each finds what it needs. */
export function recordTries(portkey: Portkey, { workspace, exports, store }: ControlPlane): readonly [string, Try][] {
  const inWorkspace = { workspaceId: workspace.slug }
  const range = { time_of_generation_min: '2026-11-01T00:00:00Z', time_of_generation_max: '2026-12-01T00:00:00Z' }
  let feedback = ''
  let exported = ''

  return [
    [
      'logs.create',
      async () => {
        const item = {
          request: { provider: 'anthropic', body: { model: 'claude-opus-5' } },
          metadata: { traceId: 't' },
        }
        expect(await portkey.logs.create(item)).toMatchObject({ status: 'success' })
        const two = await portkey.logs.create([item, item] as never)
        expect(two).toMatchObject({ log_ids: [expect.any(String), expect.any(String)] })
      },
    ],
    [
      'logs.exports.create',
      async () => {
        const filters = { time_of_generation_min: range.time_of_generation_min }
        const created = await portkey.logs.exports.create({ ...inWorkspace, filters, requestedData: ['id', 'cost'] })
        exported = String(created.id)
        expect(created).toMatchObject({ total: 3, object: 'export' })
      },
    ],
    [
      'logs.exports.list',
      async () => expect(await portkey.logs.exports.list(inWorkspace)).toMatchObject({ total: 1, object: 'list' }),
    ],
    [
      'logs.exports.retrieve',
      async () =>
        expect(await portkey.logs.exports.retrieve({ exportId: exported })).toMatchObject({
          status: 'draft',
          requested_data: ['id', 'cost'],
        }),
    ],
    [
      'logs.exports.update',
      async () => {
        const changed = await portkey.logs.exports.update({ exportId: exported, ...inWorkspace, requestedData: ['id'] })
        expect(changed).toMatchObject({ id: exported, object: 'export' })
      },
    ],
    [
      'logs.exports.cancel',
      async () => {
        // As if another gateway were writing it, so that it is not done before it is cancelled.
        const elsewhere = { status: 'in_progress', folder: 'elsewhere', started_at: 1 }
        await store.db.updateTable('log_exports').set(elsewhere).where('id', '=', exported).execute()
        expect(await portkey.logs.exports.cancel({ exportId: exported })).toMatchObject({ object: 'export' })
      },
    ],
    [
      'logs.exports.start',
      async () => {
        expect(await portkey.logs.exports.start({ exportId: exported })).toMatchObject({ object: 'export' })
        await exports.settle()
        expect(await portkey.logs.exports.retrieve({ exportId: exported })).toMatchObject({ total_records: 3 })
      },
    ],
    [
      'logs.exports.download',
      async () =>
        expect(await portkey.logs.exports.download({ exportId: exported })).toMatchObject({
          signed_url: expect.stringContaining('signature='),
        }),
    ],
    [
      'feedback.create',
      async () => {
        const kept = await portkey.feedback.create({ traceID: 't', value: 5 })
        feedback = String(kept.feedback_id[0])
        expect(kept).toMatchObject({ status: 'success', feedback_ids: [feedback] })
        const two = await portkey.feedback.create([
          { traceID: 't', value: 1 },
          { traceID: 't', value: 2, weight: 0.5 },
        ])
        expect(two.feedback_id).toHaveLength(2)
      },
    ],
    [
      'feedback.update',
      async () => {
        const changed = await portkey.feedback.update({ feedbackID: feedback, value: -5 })
        expect(changed).toMatchObject({ feedback_id: [feedback] })
      },
    ],
    ...GRAPHS.map((name): [string, Try] => [
      `analytics.graphs.${name}`,
      async () =>
        expect(await portkey.analytics.graphs[name](range)).toMatchObject({
          object: 'analytics-graph',
          summary: expect.any(Object),
          data_points: expect.any(Array),
        }),
    ]),
    [
      'analytics.groups.users',
      async () => expect(await portkey.analytics.groups.users(range)).toMatchObject({ data: [{ requests: 3 }] }),
    ],
    [
      'analytics.groups.aiModels',
      async () => expect(await portkey.analytics.groups.aiModels(range)).toMatchObject({ data: [{ requests: 3 }] }),
    ],
    [
      'analytics.groups.workspaces',
      async () => expect(await portkey.analytics.groups.workspaces(range)).toMatchObject({ total: 1, object: 'list' }),
    ],
    [
      'analytics.groups.metadata',
      async () => expect(await portkey.analytics.groups.metadata('team', range)).toMatchObject({ object: 'list' }),
    ],
    [
      'analytics.groups.groupedData',
      async () => {
        const asked = { ...range, columns: 'requests,cost', order_by: 'cost', include_total: true }
        expect(await portkey.analytics.groups.groupedData('model', asked)).toMatchObject({
          data: [{ group: 'claude-opus-5', requests: 3 }],
        })
      },
    ],
    [
      'analytics.summary.cache',
      async () =>
        expect(await portkey.analytics.summary.cache(range)).toMatchObject({ summary: { hits: 0, total_requests: 3 } }),
    ],
  ]
}
