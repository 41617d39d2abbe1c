import { readLatency, type LatencyColumn, type LatencyRow } from '../../store/latency.ts'
import { percentilesOf, type BucketCount } from '../../store/latency-buckets.ts'
import { matchSums } from '../../store/match-sums.ts'
import { countDurations, type RowGroup } from '../../store/usage-rows.ts'
import { findSpan } from '../usage/spans.ts'
import { walkSpans } from '../usage/walk-spans.ts'
import type { AnalyticsQuestion } from './question.ts'

/** Of requests that succeeded, until their last byte, in milliseconds; null where there were none. */
export interface Latency {
  readonly avg: number | null
  readonly p50: number | null
  readonly p90: number | null
  readonly p95: number | null
  readonly p99: number | null
}

const NAMED = [0.5, 0.9, 0.95, 0.99]

/** The mean is that of a hundred percentiles: histograms keep no sums. */
const EVEN = Array.from({ length: 100 }, (_, at) => (at + 0.5) / 100)
const SHARES = [...NAMED, ...EVEN]

const COLUMNS: readonly string[] = ['workspace_id', 'provider_slug', 'model'] satisfies LatencyColumn[]

export interface ReadLatencies {
  /** By value, or by the empty text. */
  readonly totals: ReadonlyMap<string, Latency>
  /** Of everything together; only without groups. */
  readonly spans: readonly Latency[]
  readonly searchedUntil: number | undefined
}

export async function readLatencies(question: AnalyticsQuestion, groupBy?: RowGroup): Promise<ReadLatencies> {
  return (await readRollUps(question, groupBy)) ?? (await readRows(question, groupBy))
}

async function readRollUps(
  { db, scope, conditions, spans, unit }: AnalyticsQuestion,
  groupBy: RowGroup | undefined,
): Promise<ReadLatencies | undefined> {
  const { organisationId, workspaceId, keyId, userId } = scope
  const matching = matchSums(db, conditions, 'latency')
  if (matching === undefined || keyId !== undefined || userId !== undefined) return undefined
  if (groupBy !== undefined && !COLUMNS.includes(groupBy)) return undefined
  const column = groupBy as LatencyColumn | undefined
  const range = { since: spans[0]!.start, until: spans.at(-1)!.end, unit, matching }
  const asked = { ...range, organisationId, ...(workspaceId !== undefined && { workspaceId }), shares: SHARES }
  const metric = 'total' as const
  const totals = await readLatency(db, { ...asked, metric, ...(column !== undefined && { groupBy: [column] }) })
  const overTime = column === undefined ? await readLatency(db, { ...asked, metric, overTime: true }) : []
  const points = spans.map(() => NO_LATENCY)
  for (const { start, percentiles } of overTime) {
    const at = findSpan(spans, start!)
    if (at !== -1) points[at] = toLatency(percentiles)
  }
  const valueOf = ({ group }: LatencyRow) => (column === undefined ? '' : (group[column] ?? ''))
  return {
    totals: new Map(totals.map((row) => [valueOf(row), toLatency(row.percentiles)])),
    spans: points,
    searchedUntil: undefined,
  }
}

async function readRows(question: AnalyticsQuestion, groupBy: RowGroup | undefined): Promise<ReadLatencies> {
  const { db, scope, conditions, spans, patience } = question
  const totals = new Map<string, BucketCount[]>()
  const points = spans.map(() => NO_LATENCY)
  const { searchedUntil } = await walkSpans(spans, patience, async ({ start, end }, at, left) => {
    const filter = { ...scope, conditions, since: start, until: end }
    const found = await countDurations(db, filter, { duration: 'total', groupBy }, left)
    for (const [value, counts] of found.groups) totals.set(value, [...(totals.get(value) ?? []), ...counts])
    points[at] = toLatency(percentilesOf([...found.groups.values()].flat(), SHARES))
    return found
  })
  return {
    totals: new Map([...totals].map(([value, counts]) => [value, toLatency(percentilesOf(counts, SHARES))])),
    spans: points,
    searchedUntil,
  }
}

export const NO_LATENCY: Latency = { avg: null, p50: null, p90: null, p95: null, p99: null }

function toLatency(percentiles: readonly (number | undefined)[]): Latency {
  const [p50, p90, p95, p99, ...even] = percentiles
  if (p50 === undefined) return NO_LATENCY
  const avg = even.reduce<number>((sum, each) => sum + (each ?? 0), 0) / even.length
  return { avg, p50, p90: p90 ?? null, p95: p95 ?? null, p99: p99 ?? null }
}
