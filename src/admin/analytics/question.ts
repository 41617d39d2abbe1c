import type { ExchangeScope } from '../../store/exchanges.ts'
import type { Database } from '../../store/database.ts'
import type { RecordCondition } from '../../store/record-condition.ts'
import { readRollUpState } from '../../store/rollups/read-state.ts'
import type { Patience } from '../../store/through-time.ts'
import type { AdminCaller } from '../caller.ts'
import { patienceOf } from '../logs/ask-logs.ts'
import { readPortkeyFilters, type PortkeyFilters } from '../logs/read-portkey-filters.ts'
import type { AdminParts } from '../parts.ts'
import { spansOf, type Span, type SpanLength } from '../usage/spans.ts'

/** What a graph or a group is asked of. */
export interface AnalyticsQuestion {
  readonly db: Database
  readonly scope: ExchangeScope
  readonly conditions: readonly RecordCondition[]
  /** Whole hours, days or months, as in our own charts: so they come to the same. */
  readonly spans: readonly Span[]
  readonly unit: 'hour' | 'day'
  readonly patience: Patience
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export async function readAnalyticsQuestion(
  parts: AdminParts,
  caller: AdminCaller,
  filters: PortkeyFilters,
): Promise<AnalyticsQuestion> {
  await parts.flushRecords()
  const { db } = parts.store
  const { since, until, conditions, ...scope } = await readPortkeyFilters(parts, caller, filters)
  const { zone } = await readRollUpState(db)
  const length = lengthOf(until - since)
  const unit = length === 'hour' ? ('hour' as const) : ('day' as const)
  const spans = spansOf(zone, length, since, until)
  return { db, scope, conditions, spans, unit, patience: patienceOf(parts) }
}

/** As many points as a chart has room for. */
function lengthOf(ms: number): SpanLength {
  if (ms <= 2 * DAY_MS) return 'hour'
  return ms <= 400 * DAY_MS ? 'day' : 'month'
}
