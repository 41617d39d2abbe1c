import { readLatency, type LatencyColumn, type LatencyQuestion, type LatencyRow } from '../../store/latency.ts'
import { matchSums } from '../../store/match-sums.ts'
import { readRollUpState } from '../../store/rollups/read-state.ts'
import type { Line, Lines } from './lines.ts'
import type { durationOf } from './measure.ts'
import { findSpan } from './spans.ts'
import type { UsageQuestion } from './usage-question.ts'

const COLUMNS: readonly string[] = ['workspace_id', 'provider_slug', 'model'] satisfies LatencyColumn[]

/** When clocks are set back. */
const LONGEST_DAY_MS = 26 * 3_600_000

/** Percentiles from the roll-ups, which keep them by workspace, provider and model: undefined for everything else. */
export async function readLatencies(
  question: UsageQuestion,
  { duration, share }: NonNullable<ReturnType<typeof durationOf>>,
): Promise<Lines | undefined> {
  const { db, scope, spans, unit, overTime, conditions, groupBy, top } = question
  const { organisationId, workspaceId, keyId, userId } = scope
  const matching = matchSums(db, conditions, 'latency')
  if (matching === undefined || keyId !== undefined || userId !== undefined) return undefined
  if (groupBy !== undefined && !COLUMNS.includes(groupBy)) return undefined
  const asked = {
    organisationId,
    ...(workspaceId !== undefined && { workspaceId }),
    since: spans[0]!.start,
    until: spans.at(-1)!.end,
    unit,
    matching,
    metric: duration,
    shares: [share],
  }
  const by = groupBy === undefined ? {} : { groupBy: [groupBy as LatencyColumn] }
  const valueOf = ({ group }: LatencyRow) => group[groupBy as LatencyColumn] ?? ''
  const [all] = await readLatency(db, asked)
  const groups = groupBy === undefined ? [] : (await readLatency(db, { ...asked, ...by })).slice(0, top)
  const allOverTime = overTime ? await readOverTime({}) : []
  const where = groupBy === undefined ? {} : { where: { [groupBy]: groups.map(valueOf) } }
  const overTimeOf =
    overTime && groups.length > 0
      ? Map.groupBy(await readOverTime({ ...by, ...where }), valueOf)
      : new Map<string, LatencyRow[]>()
  const { building } = await readRollUpState(db)
  return {
    all: toLine(all, allOverTime),
    groups: groups.map((group) => ({
      value: valueOf(group),
      line: toLine(group, overTimeOf.get(valueOf(group)) ?? []),
    })),
    rest: undefined,
    source: 'rollups',
    complete: building === undefined || asked.until <= building.from,
    searchedUntil: undefined,
  }

  /** Percentiles do not add up: weeks and months are asked for one by one. */
  async function readOverTime(more: Partial<LatencyQuestion>): Promise<readonly LatencyRow[]> {
    if (!spans.some(({ start, end }) => end - start > LONGEST_DAY_MS)) {
      return await readLatency(db, { ...asked, ...more, overTime })
    }
    const rows: LatencyRow[] = []
    for (const { start, end } of spans) {
      const found = await readLatency(db, { ...asked, ...more, since: start, until: end })
      rows.push(...found.map((row) => ({ ...row, start })))
    }
    return rows
  }

  function toLine(total: LatencyRow | undefined, rows: readonly LatencyRow[]): Line {
    const values: (number | null)[] = overTime ? spans.map(() => null) : []
    for (const { start, percentiles } of rows) {
      const at = findSpan(spans, start!)
      if (at !== -1) values[at] = percentiles[0] ?? null
    }
    return { total: total?.percentiles[0] ?? null, values }
  }
}
