import { sql, type Expression, type SqlBool } from 'kysely'
import type { Database } from './database.ts'
import type { Histogram } from './latency-buckets.ts'
import type { LatencyColumn, LatencyQuestion } from './latency.ts'

export type HistogramQuestion = Pick<
  LatencyQuestion,
  'organisationId' | 'workspaceId' | 'since' | 'until' | 'unit' | 'metric'
> & {
  readonly groupBy: LatencyColumn | undefined
  readonly matching: Expression<SqlBool>
}

/** How long the requests of one group took in one hour or day. */
export interface GroupHistogram {
  readonly start: number
  /** Of the group; empty text where nothing is grouped. */
  readonly value: string
  readonly counts: Histogram
}

/**
 * Histograms of every hour or day and group, from one walk through the roll-ups. Each comes as one text: tens of thousands of rows
 * would cost the thread that asks more than the one that answers.
 */
export async function readHistograms(db: Database, question: HistogramQuestion): Promise<readonly GroupHistogram[]> {
  const { organisationId, workspaceId, since, until, unit, metric, groupBy, matching } = question
  const table = sql.table(unit === 'hour' ? 'latency_hours' : 'latency_days')
  const value = groupBy === undefined ? sql`cast('' as text)` : sql.ref(groupBy)
  const here = workspaceId === undefined ? sql`` : sql`and workspace_id = ${workspaceId}`
  const { rows } = await sql<{ readonly start: number; readonly value: string; readonly counts: string }>`
    with counted as (
      select start, ${value} as value, bucket, sum(requests) as requests from ${table}
      where start >= ${since} and start < ${until} and metric = ${metric} and organisation_id = ${organisationId}
        ${here} and ${matching}
      group by 1, 2, 3
    )
    select start, value, string_agg(cast(bucket as text) || ',' || cast(requests as text), ',') as counts
    from counted group by start, value
  `.execute(db)
  return rows.map(({ start, value: name, counts }) => ({ start, value: name, counts: counts.split(',').map(Number) }))
}
