import { sql, type Expression, type ExpressionBuilder, type SelectQueryBuilder, type SqlBool } from 'kysely'
import type { Nanos } from '../core/money.ts'
import type { Database } from './database.ts'
import type { ExchangeScope } from './exchanges.ts'
import { COUNT_COLUMNS, USAGE_COLUMNS, type SERIES_COLUMNS } from './rollups/tables.ts'
import type { Tables } from './schema.ts'

/* Usage as the roll-ups have it: by hours and days of the organisation's zone, however many requests they stand for. */

/** What usage can be grouped and filtered by. */
export type SeriesColumn = (typeof SERIES_COLUMNS)[number]

/** What is added up. */
export type SumColumn = (typeof COUNT_COLUMNS)[number] | (typeof USAGE_COLUMNS)[number]

export type Sums = { readonly [Column in Exclude<SumColumn, 'cost_nanos'>]: number } & { readonly cost_nanos: Nanos }

/** One group of one hour, one day, or of the whole range. */
export interface UsageRow {
  /** Where its hour or day begins, in milliseconds since the epoch; undefined for the sum over the range. */
  readonly start: number | undefined
  /** By the columns of the question, empty text for none; undefined for what is left beside the groups that were asked for. */
  readonly group: Readonly<Partial<Record<SeriesColumn, string>>> | undefined
  readonly sums: Sums
}

export interface UsageRange {
  /** Milliseconds since the epoch: hours or days count that begin from then on, */
  readonly since: number
  /** and before then. */
  readonly until: number
  /** Which roll-ups are read. Whoever wants whole days asks for days: they are a tenth as many. */
  readonly unit: 'hour' | 'day'
  /** Whether each hour or day is told by itself. */
  readonly overTime?: boolean
}

export interface UsageQuestion extends ExchangeScope, UsageRange {
  readonly groupBy?: readonly SeriesColumn[]
  /** For each column one of these values. */
  readonly where?: Readonly<Partial<Record<SeriesColumn, readonly string[]>>>
  /** Anything else that can be said of a series. */
  readonly matching?: (series: ExpressionBuilder<Tables, 'usage_series'>) => Expression<SqlBool>
  /** What the groups are ordered by, largest first. The cost where nobody says. */
  readonly order?: SumColumn
  /** How many groups are told; all where nobody says. */
  readonly limit?: number
  /** Whether the groups beyond the limit are told as one, last. */
  readonly other?: boolean
}

/** The groups in their order, each over time where that is asked. Without groups there is one, also where nothing was used. */
export async function sumUsage(db: Database, question: UsageQuestion): Promise<readonly UsageRow[]> {
  const { groupBy = [], overTime = false, order = 'cost_nanos', limit, other = false } = question
  const matching = matchingUsage(db, question)
  if (groupBy.length === 0) return await readGroups(matching, { groupBy, overTime })
  const groups = await readGroups(matching, { groupBy, overTime: false, order, limit })
  const isCut = limit !== undefined && groups.length >= limit
  const told = overTime ? await readOverTime(matching, groupBy, groups) : groups
  if (!isCut || !other) return told
  const all = await readGroups(matching, { groupBy: [], overTime })
  return [...told, ...leftOver(all, told)]
}

export interface TagQuestion extends ExchangeScope, Omit<UsageRange, 'unit'> {
  /** The tag whose values are told apart. */
  readonly name: string
  readonly values?: readonly string[]
  readonly order?: SumColumn
  readonly limit?: number
}

export interface TagRow {
  readonly start: number | undefined
  readonly value: string
  readonly sums: Sums
}

/** Usage by the values of a tag, by days. What crashed exchanges used has no tags: nobody could tell them any more. */
export async function sumTags(db: Database, question: TagQuestion): Promise<readonly TagRow[]> {
  const { overTime = false, order = 'cost_nanos', limit } = question
  const matching = matchingTags(db, question)
  const found = await readTagGroups(matching, { overTime: false, order, limit })
  if (!overTime) return found
  const values = found.map(({ value }) => value)
  if (values.length === 0) return []
  const rank = new Map(values.map((value, at) => [value, at]))
  const rows = await readTagGroups(matching.where('value', 'in', values), { overTime })
  return rows.toSorted((one, next) => rank.get(one.value)! - rank.get(next.value)! || one.start! - next.start!)
}

/** Names of the tags that were used in days of the range, each with its requests, the commonest first. */
export async function listTagNames(
  db: Database,
  question: Omit<TagQuestion, 'name'>,
): Promise<readonly { readonly name: string; readonly requests: number }[]> {
  return await matchingTags(db, question)
    .groupBy('name')
    .select(['name', sql<number>`sum(requests)`.as('requests')])
    .orderBy('requests', 'desc')
    .orderBy('name')
    .$if(question.limit !== undefined, (query) => query.limit(question.limit!))
    .execute()
}

function matchingUsage(db: Database, question: UsageQuestion) {
  const { organisationId, workspaceId, keyId, userId, since, until, unit, where = {}, matching } = question
  let query = db
    // Both have the same columns, and the types cannot say so of a choice.
    .selectFrom((unit === 'hour' ? 'usage_hours as sums' : 'usage_days as sums') as 'usage_days as sums')
    .innerJoin('usage_series', 'usage_series.id', 'sums.series_id')
    .where('sums.start', '>=', since)
    .where('sums.start', '<', until)
    .where('usage_series.organisation_id', '=', organisationId)
  if (workspaceId !== undefined) query = query.where('usage_series.workspace_id', '=', workspaceId)
  if (keyId !== undefined) query = query.where('usage_series.key_id', '=', keyId)
  if (userId !== undefined) query = query.where('usage_series.user_id', '=', userId)
  for (const [column, values] of Object.entries(where) as [SeriesColumn, readonly string[]][]) {
    query = query.where(`usage_series.${column}`, 'in', values)
  }
  if (matching !== undefined) {
    query = query.where((is) => matching(is as unknown as ExpressionBuilder<Tables, 'usage_series'>))
  }
  return query
}

type MatchingUsage = ReturnType<typeof matchingUsage>

interface Grouping {
  readonly groupBy: readonly SeriesColumn[]
  readonly overTime: boolean
  readonly order?: SumColumn
  readonly limit?: number | undefined
}

async function readGroups(
  matching: MatchingUsage,
  { groupBy, overTime, order, limit }: Grouping,
): Promise<readonly UsageRow[]> {
  let query = matching.select(selectSums)
  for (const column of groupBy) {
    query = query.groupBy(`usage_series.${column}`).select(`usage_series.${column}`) as typeof query
  }
  if (overTime) query = query.groupBy('sums.start').select('sums.start').orderBy('sums.start') as typeof query
  if (order !== undefined) query = query.orderBy(sql.ref(order), 'desc')
  // Ties are told in the same order every time.
  if (order !== undefined) for (const column of groupBy) query = query.orderBy(`usage_series.${column}`)
  if (limit !== undefined) query = query.limit(limit)
  const rows = (await query.execute()) as readonly unknown[] as readonly (Sums &
    Record<SeriesColumn, string> & { readonly start?: number })[]
  return rows.map((row) => ({
    start: row.start,
    group: Object.fromEntries(groupBy.map((column) => [column, row[column]])),
    sums: sumsOf(row),
  }))
}

async function readOverTime(
  matching: MatchingUsage,
  groupBy: readonly SeriesColumn[],
  groups: readonly UsageRow[],
): Promise<readonly UsageRow[]> {
  if (groups.length === 0) return []
  const nameOf = ({ group = {} }: UsageRow) => JSON.stringify(groupBy.map((column) => group[column]))
  const rank = new Map(groups.map((group, at) => [nameOf(group), at]))
  const [first] = groupBy
  // Of several columns the first one narrows; what it lets through too much is left out below.
  const values = [...new Set(groups.map(({ group }) => group![first!]!))]
  const rows = await readGroups(matching.where(`usage_series.${first!}`, 'in', values), { groupBy, overTime: true })
  return rows
    .filter((row) => rank.has(nameOf(row)))
    .toSorted((one, next) => rank.get(nameOf(one))! - rank.get(nameOf(next))! || one.start! - next.start!)
}

/** What is in all and not in those that were told, moment by moment. */
function leftOver(all: readonly UsageRow[], told: readonly UsageRow[]): readonly UsageRow[] {
  const toldBy = Map.groupBy(told, ({ start }) => start)
  return all.flatMap(({ start, sums }) => {
    const left = { ...sums } as Record<string, number | bigint>
    for (const { sums: known } of toldBy.get(start) ?? []) {
      for (const column of COUNTED) (left[column] as number) -= known[column]
      ;(left['cost_nanos'] as bigint) -= known.cost_nanos
    }
    if (left['cost_nanos'] === 0n && COUNTED.every((column) => left[column] === 0)) return []
    return [{ start, group: undefined, sums: left as unknown as Sums }]
  })
}

function matchingTags(db: Database, question: Omit<TagQuestion, 'name'> & { readonly name?: string }) {
  const { organisationId, workspaceId, keyId, userId, since, until, name, values } = question
  let query = db
    .selectFrom('tag_days')
    .where('organisation_id', '=', organisationId)
    .where('start', '>=', since)
    .where('start', '<', until)
  if (name !== undefined) query = query.where('name', '=', name)
  if (values !== undefined) query = query.where('value', 'in', values)
  if (workspaceId !== undefined) query = query.where('workspace_id', '=', workspaceId)
  if (keyId !== undefined) query = query.where('key_id', '=', keyId)
  if (userId !== undefined) query = query.where('user_id', '=', userId)
  return query
}

async function readTagGroups(
  matching: ReturnType<typeof matchingTags>,
  { overTime, order, limit }: Omit<Grouping, 'groupBy'>,
): Promise<readonly TagRow[]> {
  let query: SelectQueryBuilder<Tables, 'tag_days', Sums & { value: string }> = matching
    .groupBy('value')
    .select('value')
    .select(selectSums)
  if (overTime) query = query.groupBy('start').select('start') as typeof query
  if (order !== undefined) query = query.orderBy(sql.ref(order), 'desc').orderBy('value')
  if (limit !== undefined) query = query.limit(limit)
  const rows = (await query.execute()) as readonly (Sums & { readonly value: string; readonly start?: number })[]
  return rows.map((row) => ({ start: row.start, value: row.value, sums: sumsOf(row) }))
}

const COUNTED = [...COUNT_COLUMNS, ...USAGE_COLUMNS.filter((column) => column !== 'cost_nanos')]
const SUMMED = [...COUNTED, 'cost_nanos'] as const

function selectSums() {
  return SUMMED.map((column) => sql<never>`coalesce(sum(${sql.ref(column)}), 0)`.as(column))
}

function sumsOf(row: Sums): Sums {
  return Object.fromEntries(SUMMED.map((column) => [column, row[column]])) as unknown as Sums
}
