import { ClientMetrics, ClientMetricsQuery } from '../../contract/client-telemetry.ts'
import type { Nanos } from '../../core/money.ts'
import { type ClientGroup, sumClientCounts } from '../../store/client-metrics.ts'
import { sumUsage } from '../../store/usage.ts'
import { invalid } from '../error.ts'
import { recordsOf } from '../logs/filter-exchanges.ts'
import { createValueNamer } from '../logs/name-values.ts'
import { showCost } from '../logs/show-cost.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { readRange } from './chart-range.ts'

export const listClientMetrics = route({
  method: 'GET',
  path: '/usage/client-metrics',
  summary: 'Show lines of code, commits, time and decisions that Claude Code counted, next to what they cost',
  scope: ['analytics.view', 'logs.list', 'logs.view', 'logs.read'],
  query: ClientMetricsQuery,
  reply: ClientMetrics,
  async handle({ caller, query }, parts) {
    const { db } = parts.store
    const scope = await recordsOf(db, caller, query.workspace_id)
    const { zone, spans } = await readRange(parts, { ...query, by: 'day', compare: 'none' })
    await parts.flushRecords()
    const [since, until] = [spans[0]!.start, spans.at(-1)!.end]
    const groupBy = COLUMNS[query.group]
    const overTime = query.by === 'day'
    const lines = new Lines(overTime)
    for (const { start, group, name, attributes, value } of await sumClientCounts(db, {
      ...scope,
      since,
      until,
      groupBy,
    })) {
      const figure = figureOf(name, attributes)
      if (figure !== undefined) lines.at(start, group).figures[figure] += value
    }
    const asked = { ...scope, since, until, unit: 'day', overTime, groupBy: [groupBy] } as const
    for (const { start, group, sums } of await sumUsage(db, { ...asked, columns: ['cost_nanos'] })) {
      lines.at(start ?? since, group?.[groupBy] ?? '').costNanos += sums.cost_nanos
    }
    const name = await createValueNamer({ db, clock: parts.clock }, caller, query.group)
    return {
      object: 'client-metrics' as const,
      zone,
      since: showMoment(since),
      until: showMoment(until),
      group: query.group,
      data: lines.inOrder().map(({ start, group, figures, costNanos }) => {
        const edits = figures.edits_accepted + figures.edits_rejected
        return {
          start: overTime ? showMoment(start) : null,
          group: name(group === '' ? null : group),
          ...figures,
          acceptance_rate: edits === 0 ? null : figures.edits_accepted / edits,
          ...showCost(costNanos),
        }
      }),
    }
  },
})

const COLUMNS = { user: 'user_id', workspace: 'workspace_id', key: 'key_id' } as const satisfies Record<
  string,
  ClientGroup
>

const NO_FIGURES = {
  sessions: 0,
  active_seconds: 0,
  working_seconds: 0,
  lines_added: 0,
  lines_removed: 0,
  commits: 0,
  pull_requests: 0,
  edits_accepted: 0,
  edits_rejected: 0,
}

type Figure = keyof typeof NO_FIGURES

/** By the names of Claude Code, and the attribute that tells two kinds apart. */
const FIGURES: Readonly<Record<string, Figure>> = {
  'session.count': 'sessions',
  'active_time.total user': 'active_seconds',
  'active_time.total cli': 'working_seconds',
  'lines_of_code.count added': 'lines_added',
  'lines_of_code.count removed': 'lines_removed',
  'commit.count': 'commits',
  'pull_request.count': 'pull_requests',
  'code_edit_tool.decision accept': 'edits_accepted',
  'code_edit_tool.decision reject': 'edits_rejected',
}

/** Undefined for tokens and cost, of which the ledger knows better. */
function figureOf(name: string, attributes: string): Figure | undefined {
  const metric = name.replace('claude_code.', '')
  const { type, decision } = JSON.parse(attributes) as { readonly type?: string; readonly decision?: string }
  return FIGURES[metric] ?? FIGURES[`${metric} ${decision ?? type}`]
}

interface Line {
  readonly start: number
  readonly group: string
  readonly figures: Record<Figure, number>
  costNanos: Nanos
}

/** More than anybody reads in one answer. */
const LINES_MAX = 20_000

/** A line for each group, of each day where days are told apart. */
class Lines {
  readonly #overTime: boolean
  readonly #lines = new Map<string, Line>()

  constructor(overTime: boolean) {
    this.#overTime = overTime
  }

  at(start: number, group: string): Line {
    const key = this.#overTime ? `${start} ${group}` : group
    let line = this.#lines.get(key)
    if (line === undefined) {
      if (this.#lines.size === LINES_MAX)
        throw invalid(`by: day makes more than ${LINES_MAX} lines; take less time, or none`)
      line = { start, group, figures: { ...NO_FIGURES }, costNanos: 0n }
      this.#lines.set(key, line)
    }
    return line
  }

  /** The days in their order, in each the dearest first. */
  inOrder(): readonly Line[] {
    return [...this.#lines.values()].toSorted(
      (one, next) =>
        (this.#overTime ? one.start - next.start : 0) ||
        Number(next.costNanos - one.costNanos) ||
        (one.group < next.group ? -1 : 1),
    )
  }
}
