import { matchSums } from '../../store/match-sums.ts'
import { readRollUpState } from '../../store/rollups/read-state.ts'
import { addSums, NO_SUMS } from '../../store/sums.ts'
import { isTag } from '../../store/usage-rows.ts'
import {
  sumTags,
  sumUsage,
  type SeriesColumn,
  type Sums,
  type UsageQuestion as SumQuestion,
} from '../../store/usage.ts'
import { pickTop, restOf, sumAll, toLine, type Cells, type Lines } from './lines.ts'
import { columnsOf, rankedBy, type SumMetric } from './measure.ts'
import { findSpan } from './spans.ts'
import type { UsageQuestion } from './usage-question.ts'

/** What roll-ups tell, however many requests they stand for; undefined where they do not know of the filter or of the groups. */
export async function readRollUps(question: UsageQuestion, metric: SumMetric): Promise<Lines | undefined> {
  const { db, scope, spans, unit, conditions, groupBy, overTime } = question
  const matching = matchSums(db, conditions, 'usage')
  if (matching === undefined) return undefined
  const tag = groupBy !== undefined && isTag(groupBy) ? groupBy : undefined
  const asked = {
    ...scope,
    since: spans[0]!.start,
    until: spans.at(-1)!.end,
    unit,
    matching: () => matching,
    order: rankedBy(metric),
    // Over time there are as many sums as a screen has dots: only those that are drawn, and what tells whether a rest is left.
    ...(overTime && { columns: [...columnsOf(metric), ...(tag === undefined ? [] : IN_A_REST)] }),
  }
  // Tags are added up by themselves, by the day, and by nothing else.
  if (tag !== undefined && (conditions.length > 0 || unit === 'hour')) return undefined
  const lines = await (groupBy === undefined || !isTag(groupBy)
    ? readBySeries(question, groupBy, asked, metric)
    : readByTag(question, groupBy, asked, metric))
  const { building } = await readRollUpState(db)
  const isBuilt =
    building === undefined || asked.until <= building.from || (tag === undefined && building.what === 'tags')
  return { ...lines, source: 'rollups', complete: isBuilt, searchedUntil: undefined }
}

type Found = Pick<Lines, 'all' | 'groups' | 'rest'>

/** One walk through the roll-ups tells the groups, the rest, and so all. */
async function readBySeries(
  question: UsageQuestion,
  groupBy: SeriesColumn | undefined,
  asked: SumQuestion,
  metric: SumMetric,
): Promise<Found> {
  const { db, overTime, top } = question
  const by = groupBy === undefined ? {} : { groupBy: [groupBy], limit: top, other: true }
  const rows = await sumUsage(db, { ...asked, ...by, overTime })
  const all = toLine(metric, toCells(rows, question))
  if (groupBy === undefined) return { all, groups: [], rest: undefined }
  const rest = rows.filter(({ group }) => group === undefined)
  const grouped = Map.groupBy(
    rows.filter(({ group }) => group !== undefined),
    ({ group }) => group?.[groupBy] ?? '',
  )
  return {
    all,
    groups: toGroups(grouped, question, metric),
    rest: rest.length === 0 ? undefined : toLine(metric, toCells(rest, question)),
  }
}

/** What has no such tag is part of the rest. */
async function readByTag(
  question: UsageQuestion,
  groupBy: `tag.${string}`,
  asked: SumQuestion,
  metric: SumMetric,
): Promise<Found> {
  const { db, overTime, top } = question
  const all = toCells(await sumUsage(db, { ...asked, overTime }), question)
  const name = groupBy.slice(TAG.length)
  const rows = await sumTags(db, { ...asked, overTime, name, limit: top })
  const grouped = Map.groupBy(rows, ({ value }) => value)
  const rest = restOf(
    all,
    [...grouped.values()].map((each) => toCells(each, question)),
  )
  return {
    all: toLine(metric, all),
    groups: toGroups(grouped, question, metric),
    rest: rest === undefined ? undefined : toLine(metric, rest),
  }
}

function toGroups(
  grouped: ReadonlyMap<string, readonly SumRow[]>,
  question: UsageQuestion,
  metric: SumMetric,
): Found['groups'] {
  const cells = new Map([...grouped].map(([value, rows]) => [value, toCells(rows, question)]))
  const totals = new Map([...cells].map(([value, { total }]) => [value, total]))
  return pickTop(totals, metric, question.top).map((value) => ({ value, line: toLine(metric, cells.get(value)!) }))
}

const IN_A_REST = ['requests', 'calls'] as const

interface SumRow {
  readonly start: number | undefined
  readonly sums: Sums
}

function toCells(rows: readonly SumRow[], { spans, overTime }: UsageQuestion): Cells {
  if (!overTime) return { total: sumAll(rows.map(({ sums }) => sums)), spans: [] }
  const cells = spans.map(() => NO_SUMS)
  for (const { start, sums } of rows) {
    const at = findSpan(spans, start!)
    if (at !== -1) cells[at] = addSums(cells[at]!, sums)
  }
  return { total: sumAll(cells), spans: cells }
}

const TAG = 'tag.'
