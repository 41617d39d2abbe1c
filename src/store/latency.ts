import { sql } from 'kysely'
import type { Database } from './database.ts'
import type { ExchangeScope } from './exchanges.ts'
import { percentilesOf, type BucketCount } from './latency-buckets.ts'
import type { UsageRange } from './usage.ts'

export type LatencyColumn = 'workspace_id' | 'provider_slug' | 'model'

export interface LatencyQuestion extends Pick<ExchangeScope, 'organisationId' | 'workspaceId'>, UsageRange {
  /** From arrival to the last byte, to the first content, and what the gateway itself has added. */
  readonly metric: 'total' | 'first_token' | 'overhead'
  readonly groupBy?: readonly LatencyColumn[]
  /** For each column one of these values. */
  readonly where?: Readonly<Partial<Record<LatencyColumn, readonly string[]>>>
  /** 0.5 for the median, 0.95, … */
  readonly shares: readonly number[]
}

export interface LatencyRow {
  /** As in UsageRow. */
  readonly start: number | undefined
  readonly group: Readonly<Partial<Record<LatencyColumn, string>>>
  /** Exchanges that succeeded and had this duration. */
  readonly requests: number
  /** One for each share, in milliseconds, less than a tenth off. */
  readonly percentiles: readonly (number | undefined)[]
}

/**
 * Percentiles from the roll-ups, of exchanges that succeeded; the busiest group first. They are kept by workspace, provider and
 * model: for one person or key the rows have to be asked.
 */
export async function readLatency(db: Database, question: LatencyQuestion): Promise<readonly LatencyRow[]> {
  const {
    organisationId,
    workspaceId,
    since,
    until,
    unit,
    overTime = false,
    metric,
    groupBy = [],
    where = {},
  } = question
  let query = db
    // Both have the same columns, and the types cannot say so of a choice.
    .selectFrom((unit === 'hour' ? 'latency_hours' : 'latency_days') as 'latency_days')
    .where('organisation_id', '=', organisationId)
    .where('start', '>=', since)
    .where('start', '<', until)
    .where('metric', '=', metric)
  if (workspaceId !== undefined) query = query.where('workspace_id', '=', workspaceId)
  for (const [column, values] of Object.entries(where) as [LatencyColumn, readonly string[]][]) {
    query = query.where(column, 'in', values)
  }
  const keys = [...(overTime ? (['start'] as const) : []), ...groupBy]
  const rows = (await query
    .groupBy([...keys, 'bucket'])
    .select([...keys, 'bucket', sql<number>`sum(requests)`.as('requests')])
    .execute()) as readonly (BucketCount & Record<LatencyColumn, string> & { readonly start?: number })[]
  const groups = Map.groupBy(rows, (row) => JSON.stringify([row.start, ...groupBy.map((column) => row[column])]))
  return [...groups.values()]
    .map((ofGroup) => ({
      start: ofGroup[0]!.start,
      group: Object.fromEntries(groupBy.map((column) => [column, ofGroup[0]![column]])),
      requests: ofGroup.reduce((sum, { requests }) => sum + requests, 0),
      percentiles: percentilesOf(ofGroup, question.shares),
    }))
    .toSorted((one, other) => (one.start ?? 0) - (other.start ?? 0) || other.requests - one.requests)
}
