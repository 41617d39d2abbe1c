import { readRollUpState } from '../../store/rollups/read-state.ts'
import type { AdminParts } from '../parts.ts'
import { showMoment } from '../show-moment.ts'
import type { Lines } from './lines.ts'
import { spansBefore, spansOf, type Span, type SpanLength } from './spans.ts'

const DAY_MS = 86_400_000

/** What a chart covers when nobody says. */
const DEFAULT_DAYS: Readonly<Record<SpanLength, number>> = { hour: 1, day: 30, week: 90, month: 365 }

export interface ChartRange {
  /** In whose hours and days the roll-ups are, which is the organisation's zone. */
  readonly zone: string
  readonly spans: readonly Span[]
  /** As many just before; undefined unless they are compared with. */
  readonly before: readonly Span[] | undefined
}

interface AskedRange {
  readonly by: SpanLength
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly compare: 'none' | 'previous'
}

export async function readRange(
  { store, clock }: Pick<AdminParts, 'store' | 'clock'>,
  { by, since, until, compare }: AskedRange,
): Promise<ChartRange> {
  const { zone } = await readRollUpState(store.db)
  const end = until === undefined ? clock.now() + 1 : Date.parse(until)
  const begin = since === undefined ? end - DEFAULT_DAYS[by] * DAY_MS : Date.parse(since)
  const spans = spansOf(zone, by, begin, end)
  return { zone, spans, before: compare === 'none' ? undefined : spansBefore(zone, by, spans) }
}

/** What every chart says of itself. */
export function showRange({ zone, spans }: ChartRange, { source, complete, searchedUntil }: Lines) {
  return {
    zone,
    since: showMoment(spans[0]!.start),
    until: showMoment(spans.at(-1)!.end),
    source,
    complete,
    searched_until: searchedUntil === undefined ? null : showMoment(searchedUntil),
  }
}
