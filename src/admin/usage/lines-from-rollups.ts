import { matchSums } from '../../store/match-sums.ts'
import { readRollUpState } from '../../store/rollups/read-state.ts'
import { addSums, NO_SUMS } from '../../store/sums.ts'
import { isTag, type GroupField } from '../../store/usage-rows.ts'
import { sumTags, sumUsage, type Sums, type UsageQuestion as SumQuestion } from '../../store/usage.ts'
import { pickTop, restOf, sumAll, toLine, type Cells, type Lines } from './lines.ts'
import type { SumMetric } from './measure.ts'
import { findSpan } from './spans.ts'
import type { UsageQuestion } from './usage-question.ts'

/** Groups that are looked at to find those with most. */
const GROUPS_MAX = 500

/** What roll-ups tell, however many requests they stand for; undefined where they do not know of the filter or of the groups. */
export async function readRollUps(question: UsageQuestion, metric: SumMetric): Promise<Lines | undefined> {
  const { db, scope, spans, unit, overTime, conditions, groupBy, top } = question
  const matching = matchSums(db, conditions, 'usage')
  if (matching === undefined || !isKept(question)) return undefined
  const asked = { ...scope, since: spans[0]!.start, until: spans.at(-1)!.end, unit, matching: () => matching }
  const all = toCells(await sumUsage(db, { ...asked, overTime }), question)
  const groups = groupBy === undefined ? [] : await readGroups(question, groupBy, asked, { metric, top })
  const cells = groups.map((group) => group.cells)
  const rest = groupBy === undefined ? undefined : restOf(all, cells)
  const { building } = await readRollUpState(db)
  return {
    all: toLine(metric, all),
    groups: groups.map((group) => ({ value: group.value, line: toLine(metric, group.cells) })),
    rest: rest === undefined ? undefined : toLine(metric, rest),
    source: 'rollups',
    complete: building === undefined || asked.until <= building.from,
    searchedUntil: undefined,
  }
}

/** Tags are added up by themselves, by the day, and by nothing else. */
function isKept({ groupBy, conditions, unit }: UsageQuestion): boolean {
  return groupBy === undefined || !isTag(groupBy) || (conditions.length === 0 && unit === 'day')
}

/** Those with most, each over time where that is asked. */
async function readGroups(
  question: UsageQuestion,
  groupBy: GroupField,
  asked: SumQuestion,
  { metric, top }: { readonly metric: SumMetric; readonly top: number },
): Promise<readonly { readonly value: string; readonly cells: Cells }[]> {
  const { db, overTime } = question
  const totals = await readGrouped({ limit: GROUPS_MAX })
  const sums = new Map([...totals].map(([value, rows]) => [value, sumAll(rows.map((row) => row.sums))]))
  const chosen = pickTop(sums, metric, top)
  const rows = overTime && chosen.length > 0 ? await readGrouped({ overTime, values: chosen }) : totals
  return chosen.map((value) => ({ value, cells: toCells(rows.get(value) ?? [], question) }))

  async function readGrouped({ values, ...how }: How): Promise<ReadonlyMap<string, readonly SumRow[]>> {
    const order = metric === 'cost' ? 'cost_nanos' : metric === 'errors' ? 'errors' : 'requests'
    if (isTag(groupBy)) {
      const name = groupBy.slice(TAG.length)
      const narrowed = values === undefined ? {} : { values }
      return Map.groupBy(await sumTags(db, { ...asked, ...how, ...narrowed, name, order }), ({ value }) => value)
    }
    const where = values === undefined ? {} : { where: { [groupBy]: values } }
    const found = await sumUsage(db, { ...asked, ...how, ...where, groupBy: [groupBy], order })
    return Map.groupBy(found, ({ group }) => group?.[groupBy] ?? '')
  }
}

interface How {
  readonly limit?: number
  readonly overTime?: boolean
  readonly values?: readonly string[]
}

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
