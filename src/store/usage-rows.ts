import { sql, type RawBuilder } from 'kysely'
import type { Database } from './database.ts'
import { engineOf, type Engine } from './engine.ts'
import { narrowExchanges, type ExchangeFilter } from './exchanges.ts'
import { tagValue } from './filter-sql.ts'
import { FIRST_MS, LAST_BUCKET, LOG_GROWTH, type BucketCount } from './latency-buckets.ts'
import { COUNT_COLUMNS, USAGE_COLUMNS } from './rollups/tables.ts'
import { addSums, NO_SUMS } from './sums.ts'
import { lookThroughTime, type Patience, type Reach } from './through-time.ts'
import type { Sums } from './usage.ts'

/*
 * Usage added up from the records themselves, for filters that roll-ups know nothing of. The counts follow the same rules as
 * theirs (rollups/tally.ts).
 */

/** What records can be grouped by: the columns of the roll-ups, or a tag. */
export type GroupField = keyof typeof GROUPS | `tag.${string}`

/** By the names of the roll-ups' columns. What has none is under the empty text. */
const GROUPS = {
  model: sql<string>`coalesce(model_served, model_asked, '')`,
  provider_slug: sql<string>`coalesce(provider_slug, '')`,
  workspace_id: sql<string>`coalesce(workspace_id, '')`,
  project: sql<string>`coalesce(project, '')`,
  user_id: sql<string>`coalesce(user_id, '')`,
  key_id: sql<string>`coalesce(key_id, '')`,
  request_class: sql<string>`coalesce(request_class, '')`,
} as const

/** What only records tell apart. */
export type RowGroup = GroupField | keyof typeof ROW_GROUPS

const ROW_GROUPS = {
  status: sql<string>`cast(status as text)`,
  config_id: sql<string>`coalesce(config_id, '')`,
} as const

export type DurationName = keyof typeof DURATIONS

const DURATIONS = {
  total: sql.ref<number>('total_ms'),
  first_token: sql.ref<number>('first_token_ms'),
  overhead: sql.ref<number>('overhead_ms'),
} as const

export interface RowSums extends Reach {
  /** By value of the group; by the empty text where nothing was grouped. */
  readonly groups: ReadonlyMap<string, Sums>
}

/** What the records of a filter come to, by group. */
export async function sumRows(
  db: Database,
  filter: ExchangeFilter,
  groupBy: RowGroup | undefined,
  patience: Patience,
): Promise<RowSums> {
  const groups = new Map<string, Sums>()
  const reach = await lookThroughTime(db, filter, patience, async (stretch) => {
    const group = groupSql(groupBy, engineOf(db))
    const rows = await narrowExchanges(db, { ...filter, ...stretch })
      .select(group.as('group_value'))
      .select(SUMS)
      // By the name: PostgreSQL takes the same parameter in two places for two.
      .groupBy(sql.ref('group_value'))
      .execute()
    for (const { group_value: value, ...sums } of rows as readonly ({ readonly group_value: string } & Sums)[]) {
      groups.set(value, addSums(groups.get(value) ?? NO_SUMS, sums))
    }
    return 'more'
  })
  return { groups, ...reach }
}

export interface RowDurations extends Reach {
  readonly groups: ReadonlyMap<string, readonly BucketCount[]>
}

/** How long the requests of a filter took that succeeded, as a histogram for each group. */
export async function countDurations(
  db: Database,
  filter: ExchangeFilter,
  { duration, groupBy }: { readonly duration: DurationName; readonly groupBy: RowGroup | undefined },
  patience: Patience,
): Promise<RowDurations> {
  const groups = new Map<string, BucketCount[]>()
  const bucket = bucketSql(DURATIONS[duration])
  const group = groupSql(groupBy, engineOf(db))
  const reach = await lookThroughTime(db, filter, patience, async (stretch) => {
    const rows = await narrowExchanges(db, { ...filter, ...stretch })
      .where(sql<boolean>`(${IS_REQUEST} and ${IS_SUCCESS} and ${DURATIONS[duration]} is not null)`)
      .select([group.as('group_value'), bucket.as('bucket'), sql<number>`count(*)`.as('requests')])
      .groupBy([sql.ref('group_value'), sql.ref('bucket')])
      .execute()
    for (const { group_value: value, ...count } of rows) {
      const counts = groups.get(value) ?? []
      counts.push(count)
      groups.set(value, counts)
    }
    return 'more'
  })
  return { groups, ...reach }
}

function groupSql(field: RowGroup | undefined, engine: Engine): RawBuilder<string> {
  if (field === undefined) return sql<string>`cast('' as text)`
  if (field === 'status' || field === 'config_id') return ROW_GROUPS[field]
  if (!isTag(field)) return GROUPS[field]
  return sql<string>`coalesce(${tagValue(field.slice(TAG.length), engine)}, '')`
}

const TAG = 'tag.'

/** Whether usage is grouped by a tag, which roll-ups keep apart. */
export function isTag(field: GroupField): field is `tag.${string}` {
  return field.startsWith(TAG)
}

/** What `bucketOf` comes to. */
function bucketSql(ms: RawBuilder<number>): RawBuilder<number> {
  const step = sql`ceil(ln(${ms} / ${sql.lit(FIRST_MS)}) / ${sql.lit(LOG_GROWTH)})`
  const last = sql.lit(LAST_BUCKET)
  return sql<number>`(case when ${ms} > ${sql.lit(FIRST_MS)} then cast(case when ${step} < ${last} then ${step} else ${last} end as integer) else 0 end)`
}

const IS_REQUEST = sql<boolean>`(endpoint = 'messages' and coalesce(request_class, '') <> 'probe')`
const IS_SUCCESS = sql<boolean>`(outcome = 'completed' and status < 400)`

const COUNTED: Readonly<Record<Exclude<(typeof COUNT_COLUMNS)[number], 'calls'>, RawBuilder<boolean>>> = {
  requests: sql`${IS_REQUEST}`,
  errors: sql`(${IS_REQUEST} and (status >= 400 or (outcome = 'interrupted' and coalesce(interrupted_by, '') <> 'client')))`,
  interrupted: sql`(${IS_REQUEST} and outcome = 'interrupted')`,
  cache_hits: sql`(${IS_REQUEST} and cache_status = 'HIT')`,
  retried: sql`(${IS_REQUEST} and ${IS_SUCCESS} and (retries > 0 or route like '%"result":"retried"%'))`,
  fell_back: sql`(${IS_REQUEST} and ${IS_SUCCESS} and (route like '%"result":"failed"%' or route like '%"result":"skipped"%'))`,
}

const SUMS = [
  ...COUNT_COLUMNS.map((name) =>
    name === 'calls'
      ? sql<never>`sum(attempts)`.as('calls')
      : sql<never>`sum(case when ${COUNTED[name]} then 1 else 0 end)`.as(name),
  ),
  ...USAGE_COLUMNS.map((name) => sql<never>`sum(${sql.ref(name)})`.as(name)),
]
