import { sql, type RawBuilder } from 'kysely'
import type { Database } from './database.ts'
import { engineOf, type Engine } from './engine.ts'
import { narrowExchanges, type ExchangeFilter } from './exchanges.ts'
import { tagValue } from './filter-sql.ts'
import { lookThroughTime, type Patience, type Reach, type Stretch } from './through-time.ts'

/** A field whose values are counted; `tag.NAME` for a tag. */
export type FacetField = keyof typeof COLUMNS | `tag.${string}`

const COLUMNS = {
  model: sql<string>`coalesce(model_served, model_asked)`,
  provider: sql.ref<string>('provider_slug'),
  workspace: sql.ref<string>('workspace_id'),
  user: sql.ref<string>('user_id'),
  key: sql.ref<string>('key_id'),
  project: sql.ref<string>('project'),
  class: sql.ref<string>('request_class'),
  client: sql.ref<string>('client'),
  status: sql<string>`cast(status as text)`,
  error: sql.ref<string>('error_code'),
  stop: sql.ref<string>('stop_reason'),
} as const

export interface CountedFacets extends Reach {
  /** By field, the values that come most often first. */
  readonly facets: ReadonlyMap<FacetField, readonly FacetValue[]>
  /** How many records were counted. */
  readonly records: number
}

export interface FacetValue {
  /** Null for records that have none. */
  readonly value: string | null
  readonly count: number
}

/** The newest records are as good as all of them to choose from, and cost no more the longer a gateway runs. */
const RECORDS_MAX = 10_000

/** Counts the values of the newest records that match. */
export async function countFacets(
  db: Database,
  filter: ExchangeFilter,
  fields: readonly FacetField[],
  patience: Patience,
): Promise<CountedFacets> {
  const counts = new Map(fields.map((field) => [field, new Map<string | null, number>()]))
  let records = 0
  const { searchedUntil } = await lookThroughTime(db, filter, patience, async (stretch) => {
    for (const { field, value, count } of await countStretch(
      db,
      { ...filter, ...stretch },
      fields,
      RECORDS_MAX - records,
    )) {
      if (field === undefined) {
        records += count
        continue
      }
      const values = counts.get(field)!
      values.set(value, (values.get(value) ?? 0) + count)
    }
    return records < RECORDS_MAX ? 'more' : 'enough'
  })
  return { facets: new Map([...counts].map(([field, values]) => [field, toValues(values)])), records, searchedUntil }
}

function toValues(counts: ReadonlyMap<string | null, number>): readonly FacetValue[] {
  return [...counts].map(([value, count]) => ({ value, count })).toSorted((one, other) => other.count - one.count)
}

interface CountRow {
  /** Undefined in the row that counts all records. */
  readonly field: FacetField | undefined
  readonly value: string | null
  readonly count: number
}

/** One statement reads the records once, whatever the number of fields. */
async function countStretch(
  db: Database,
  filter: ExchangeFilter & Stretch,
  fields: readonly FacetField[],
  most: number,
): Promise<readonly CountRow[]> {
  const engine = engineOf(db)
  const matching = narrowExchanges(db, filter)
    .select('exchanges.id')
    .select(fields.map((field, at) => columnOf(field, engine).as(`value_${at}`)))
    .orderBy('received_at', 'desc')
    .orderBy('id', 'desc')
    .limit(most)
  const counts = fields.map((_, at) => {
    const value = sql.ref(`value_${at}`)
    return sql`union all select ${sql.lit(at)}, ${value}, count(*) from matching group by ${value}`
  })
  const { rows } = await sql<{ readonly field: number | null; readonly value: string | null; readonly count: number }>`
    with matching as materialized ${matching}
    select cast(null as integer) as field, cast(null as text) as value, count(*) as count from matching
    ${sql.join(counts, sql` `)}
  `.execute(db)
  return rows.map(({ field, value, count }) => ({ field: field === null ? undefined : fields[field], value, count }))
}

function columnOf(field: FacetField, engine: Engine): RawBuilder<string | null> {
  if (isTag(field)) return tagValue(field.slice(TAG.length), engine)
  return COLUMNS[field]
}

const TAG = 'tag.'

function isTag(field: FacetField): field is `tag.${string}` {
  return field.startsWith(TAG)
}
