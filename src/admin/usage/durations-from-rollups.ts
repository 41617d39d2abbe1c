import type { Histogram } from '../../store/latency-buckets.ts'
import { readHistograms } from '../../store/latency-histograms.ts'
import type { LatencyColumn } from '../../store/latency.ts'
import { matchSums } from '../../store/match-sums.ts'
import { readRollUpState } from '../../store/rollups/read-state.ts'
import type { GroupField } from '../../store/usage-rows.ts'
import { toDurationLines } from './lines-of-durations.ts'
import type { Lines } from './lines.ts'
import type { durationOf } from './measure.ts'
import { findSpan } from './spans.ts'
import type { UsageQuestion } from './usage-question.ts'

/** Percentiles from the roll-ups, which keep them by workspace, provider and model: undefined for everything else. */
export async function readLatencies(
  question: UsageQuestion,
  { duration, share }: NonNullable<ReturnType<typeof durationOf>>,
): Promise<Lines | undefined> {
  const { db, scope, spans, unit, conditions, groupBy, top } = question
  const { organisationId, workspaceId, keyId, userId } = scope
  const matching = matchSums(db, conditions, 'latency')
  if (matching === undefined || keyId !== undefined || userId !== undefined || !isKept(groupBy)) return undefined
  const until = spans.at(-1)!.end
  const range = { since: spans[0]!.start, until, unit, metric: duration, groupBy, matching }
  const whose = { organisationId, ...(workspaceId !== undefined && { workspaceId }) }
  const groups = new Map<string, (Histogram[] | undefined)[]>()
  for (const { start, value, counts } of await readHistograms(db, { ...whose, ...range })) {
    const at = findSpan(spans, start)
    const histograms = groups.get(value) ?? spans.map(() => undefined)
    histograms[at] = [...(histograms[at] ?? []), counts]
    groups.set(value, histograms)
  }
  const lines = toDurationLines(groups, { share, spans: spans.length, top: groupBy === undefined ? 0 : top })
  const { building } = await readRollUpState(db)
  return {
    ...lines,
    rest: undefined,
    source: 'rollups',
    complete: building === undefined || building.what === 'tags' || until <= building.from,
    searchedUntil: undefined,
  }
}

const COLUMNS: readonly string[] = ['workspace_id', 'provider_slug', 'model'] satisfies LatencyColumn[]

function isKept(field: GroupField | undefined): field is LatencyColumn | undefined {
  return field === undefined || COLUMNS.includes(field)
}
