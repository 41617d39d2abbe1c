import { sql, type Expression, type ExpressionBuilder, type SelectQueryBuilder, type SqlBool } from 'kysely'
import type { Nanos } from '../core/money.ts'
import type { Database } from './database.ts'
import { engineOf } from './engine.ts'
import type { ExchangeScope } from './exchanges.ts'
import { COUNT_COLUMNS, USAGE_COLUMNS, type SERIES_COLUMNS } from './rollups/tables.ts'
import type { Tables } from './schema.ts'
import { NO_SUMS } from './sums.ts'

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
  /** What is added up; everything where nobody says. Each column costs, and the sums that were not asked for are told as nothing. */
  readonly columns?: readonly SumColumn[]
  /** The groups are ordered by what these come to, largest first. The cost where nobody says. */
  readonly order?: readonly SumColumn[]
  /** How many groups are told; all where nobody says. */
  readonly limit?: number
  /** Whether the groups beyond the limit are told as one, last. */
  readonly other?: boolean
}

/** The groups in their order, each over time where that is asked. Without groups there is one, also where nothing was used. */
export async function sumUsage(db: Database, question: UsageQuestion): Promise<readonly UsageRow[]> {
  const { groupBy = [], overTime = false, order = BY_COST, limit, other = false } = question
  const columns = columnsOf(question)
  const matching = matchingUsage(db, question)
  const isCut = limit !== undefined && groupBy.length > 0
  const rows = await (isCut
    ? readTopGroups(db, matching, { groupBy, overTime, columns, order, limit, other })
    : readGroups(matching, { groupBy, overTime, columns }))
  return inOrder(rows, order)
}

export interface TagQuestion extends ExchangeScope, Omit<UsageRange, 'unit'> {
  /** The tag whose values are told apart. */
  readonly name: string
  readonly values?: readonly string[]
  readonly columns?: readonly SumColumn[]
  readonly order?: readonly SumColumn[]
  readonly limit?: number
}

export interface TagRow {
  readonly start: number | undefined
  readonly value: string
  readonly sums: Sums
}

/** Usage by the values of a tag, by days. What crashed exchanges used has no tags: nobody could tell them any more. */
export async function sumTags(db: Database, question: TagQuestion): Promise<readonly TagRow[]> {
  const { overTime = false, order = BY_COST, limit } = question
  const columns = columnsOf(question)
  const matching = matchingTags(db, question)
  const found = await readTagGroups(matching, { overTime: false, columns, order, limit })
  if (!overTime) return found
  const values = found.map(({ value }) => value)
  if (values.length === 0) return []
  const rank = new Map(values.map((value, at) => [value, at]))
  const rows = await readTagGroups(matching.where('value', 'in', values), { overTime, columns })
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
  const { organisationId, workspaceId, keyId, userId, where = {}, matching } = question
  let query = db
    .selectFrom(sumsOfSeries(db, question).as('sums'))
    .innerJoin('usage_series', 'usage_series.id', 'sums.series_id')
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

/**
 * Each hour or day by itself; or, in SQLite, all of them added up before anybody asks whose they are, because it looks up the series
 * of each row. PostgreSQL joins at once, and is slow where sums have very many groups.
 */
function sumsOfSeries(db: Database, question: UsageQuestion) {
  const { since, until, unit, overTime = false } = question
  const query = db
    // Both have the same columns, and the types cannot say so of a choice.
    .selectFrom((unit === 'hour' ? 'usage_hours' : 'usage_days') as 'usage_days')
    .where('start', '>=', since)
    .where('start', '<', until)
  const columns = columnsOf(question)
  const chosen =
    overTime || engineOf(db) === 'postgres'
      ? query.select(['start', 'series_id', ...columns])
      : query.groupBy('series_id').select('series_id').select(addColumns(columns))
  return chosen.$castTo<{ readonly series_id: string; readonly start: number }>()
}

type MatchingUsage = ReturnType<typeof matchingUsage>

type FoundRow = Sums & Readonly<Record<SeriesColumn, string | null>> & { readonly start?: number }

interface GroupQuestion {
  readonly groupBy: readonly SeriesColumn[]
  readonly overTime: boolean
  readonly columns: readonly SumColumn[]
}

async function readGroups(matching: MatchingUsage, question: GroupQuestion): Promise<readonly UsageRow[]> {
  const rows = await grouped(matching, question).execute()
  return (rows as readonly unknown[] as readonly FoundRow[]).map((row) => toUsageRow(row, question))
}

/** By time first, because that is the order in which they lie. */
function grouped(matching: MatchingUsage, { groupBy, overTime, columns }: GroupQuestion) {
  let query = matching.select(groupBy.length > 0 || overTime ? addColumns(columns) : selectColumns(columns))
  if (overTime) query = query.groupBy('sums.start').select('sums.start') as typeof query
  for (const column of groupBy) {
    query = query.groupBy(`usage_series.${column}`).select(`usage_series.${column}`) as typeof query
  }
  return query
}

interface TopQuestion extends GroupQuestion {
  readonly order: readonly SumColumn[]
  readonly limit: number
  readonly other: boolean
}

/** The roll-ups are gone through once; which groups are the largest is found out from what that came to. */
async function readTopGroups(
  db: Database,
  matching: MatchingUsage,
  question: TopQuestion,
): Promise<readonly UsageRow[]> {
  const { groupBy, overTime, order, limit, other } = question
  const columns = sql.join(groupBy.map((column) => sql.ref(column)))
  const isTold = sql`(${columns}) in (select ${columns} from largest)`
  const names = groupBy.map((column) => sql`case when ${isTold} then ${sql.ref(column)} end as ${sql.ref(column)}`)
  const places = Array.from({ length: groupBy.length + (overTime ? 1 : 0) }, (_, at) => sql.lit(at + 1))
  const { rows } = await sql<FoundRow>`
    with grouped as ${grouped(matching, question)},
      largest as (
        select ${columns} from grouped group by ${columns} order by ${sumOf(order)} desc, ${columns} limit ${limit}
      )
    select ${sql.join([...(overTime ? [sql.ref('start')] : []), ...names, ...addColumns(question.columns)])}
    from grouped
    ${other ? sql`` : sql`where ${isTold}`}
    group by ${sql.join(places)}
  `.execute(db)
  return rows.map((row) => toUsageRow(row, question))
}

function toUsageRow(row: FoundRow, { groupBy, columns }: GroupQuestion): UsageRow {
  // No group has a null: that is what is left beside those that were asked for.
  const isRest = groupBy.some((column) => row[column] === null)
  return {
    start: row.start,
    group: isRest ? undefined : Object.fromEntries(groupBy.map((column) => [column, row[column]!])),
    sums: sumsOf(row, columns),
  }
}

/** The largest group first and the rest last, ties by their names; within a group by time. */
function inOrder(rows: readonly UsageRow[], order: readonly SumColumn[]): readonly UsageRow[] {
  const groups = [...Map.groupBy(rows, ({ group }) => (group === undefined ? '' : JSON.stringify(group)))].map(
    ([name, ofGroup]) => ({
      name,
      ofGroup: ofGroup.toSorted((one, next) => (one.start ?? 0) - (next.start ?? 0)),
      size: order.reduce((size, column) => size + addUp(ofGroup, column), 0n),
    }),
  )
  const isRest = (name: string) => (name === '' ? 1 : 0)
  groups.sort((one, next) => {
    if (one.name === '' || next.name === '') return isRest(one.name) - isRest(next.name)
    if (one.size !== next.size) return one.size > next.size ? -1 : 1
    return one.name < next.name ? -1 : 1
  })
  return groups.flatMap(({ ofGroup }) => ofGroup)
}

function addUp(rows: readonly UsageRow[], column: SumColumn): bigint {
  if (column === 'cost_nanos') return rows.reduce((sum, { sums }) => sum + sums.cost_nanos, 0n)
  return BigInt(rows.reduce((sum, { sums }) => sum + sums[column], 0))
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
  {
    overTime,
    columns,
    order,
    limit,
  }: Omit<GroupQuestion, 'groupBy'> & {
    readonly order?: readonly SumColumn[]
    readonly limit?: number | undefined
  },
): Promise<readonly TagRow[]> {
  let query: SelectQueryBuilder<Tables, 'tag_days', Sums & { value: string }> = matching
    .groupBy('value')
    .select('value')
    .select(addColumns(columns))
  if (overTime) query = query.groupBy('start').select('start') as typeof query
  if (order !== undefined) query = query.orderBy(sumOf(order), 'desc').orderBy('value')
  if (limit !== undefined) query = query.limit(limit)
  const rows = (await query.execute()) as readonly (Sums & { readonly value: string; readonly start?: number })[]
  return rows.map((row) => ({ start: row.start, value: row.value, sums: sumsOf(row, columns) }))
}

const BY_COST: readonly SumColumn[] = ['cost_nanos']

const EVERYTHING: readonly SumColumn[] = [...COUNT_COLUMNS, ...USAGE_COLUMNS]

/** What is ordered by is added up in any case. */
function columnsOf({ columns = EVERYTHING, order = BY_COST }: Pick<UsageQuestion, 'columns' | 'order'>) {
  return [...new Set([...columns, ...order])]
}

/** Of a group, in which there is always something. Sums of sums follow, and of its wide numbers PostgreSQL adds up but slowly. */
function addColumns(columns: readonly SumColumn[]) {
  return columns.map((column) => sql<never>`cast(sum(${sql.ref(column)}) as bigint)`.as(column))
}

/** Zeros where nothing was used. */
function selectColumns(columns: readonly SumColumn[]) {
  return columns.map((column) => sql<never>`coalesce(sum(${sql.ref(column)}), 0)`.as(column))
}

function sumOf(columns: readonly SumColumn[]) {
  return sql.join(
    columns.map((column) => sql`sum(${sql.ref(column)})`),
    sql` + `,
  )
}

function sumsOf(row: Sums, columns: readonly SumColumn[]): Sums {
  const sums: Record<string, number | bigint> = { ...NO_SUMS }
  for (const column of columns) sums[column] = row[column]
  return sums as unknown as Sums
}
