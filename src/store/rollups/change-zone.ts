import { sql } from 'kysely'
import { createPeriods } from '../../limits/periods.ts'
import type { Database } from '../database.ts'
import { createCalendar, sharesHours } from './hour-and-day.ts'
import { changeState, readRowsFrom } from './read-state.ts'
import type { RollUpState } from './state.ts'
import { COUNT_COLUMNS, USAGE_COLUMNS } from './tables.ts'

const DAY_MS = 24 * 60 * 60 * 1_000

/**
 * Puts the roll-ups into the hours and days of another zone, an IANA name, in one transaction. Where full hours are full hours
 * in both, the days are added up from the hours at once. Else, and for tags, of which there are no hours, the building goes
 * through the rows again. What lies further back than the rows keeps its hours as they are.
 */
export async function changeZone(db: Database, zone: string): Promise<void> {
  await changeState(db, async (tx, state) => {
    if (state.zone === zone) return state
    const from = firstWholeDay(await readRowsFrom(tx), state)
    const span = await readSpan(tx)
    const keepsHours =
      state.building?.what !== 'all' && (span === undefined || sharesHours(state.zone, zone, span.first, span.last))
    if (!keepsHours) {
      await tx.deleteFrom('usage_hours').where('start', '>=', from).execute()
      await tx.deleteFrom('latency_hours').where('metric', 'in', METRICS).where('start', '>=', from).execute()
    }
    await tx.deleteFrom('tag_days').where('start', '>=', from).execute()
    await rebuildDays(tx, zone, span)
    return { zone, building: { from, what: keepsHours ? 'tags' : 'all' } }
  })
}

/** Where a day begins, so that no hour and no day of the roll-ups as they stand is cut in two. */
function firstWholeDay(rowsFrom: number, { zone }: RollUpState): number {
  if (rowsFrom === 0) return 0
  const calendar = createCalendar(zone)
  const { day } = calendar(rowsFrom)
  return day === rowsFrom ? day : createPeriods(() => zone).day(rowsFrom).end
}

interface Span {
  readonly first: number
  readonly last: number
}

async function readSpan(tx: Database): Promise<Span | undefined> {
  const { first, last } = await tx
    .selectFrom('usage_hours')
    .select([sql<number | null>`min(start)`.as('first'), sql<number | null>`max(start)`.as('last')])
    .executeTakeFirstOrThrow()
  return first === null || last === null ? undefined : { first, last }
}

async function rebuildDays(tx: Database, zone: string, span: Span | undefined): Promise<void> {
  await tx.deleteFrom('usage_days').execute()
  await tx.deleteFrom('latency_days').execute()
  if (span === undefined) return
  const periods = createPeriods(() => zone)
  // An hour more: latencies are kept of the same exchanges, and hours of two zones begin at different moments.
  for (let day = periods.day(span.first - DAY_MS); day.start <= span.last; day = periods.day(day.end)) {
    await sumDay(tx, 'usage', ['series_id'], SUMS, day.start, day.end)
    for (const metric of METRICS) await sumDay(tx, 'latency', LATENCY_KEYS, ['requests'], day.start, day.end, metric)
  }
}

/** All there are: the metric comes first in the key by which hours are found. */
const METRICS = ['total', 'first_token', 'overhead'] as const

const SUMS = [...COUNT_COLUMNS, ...USAGE_COLUMNS]
const LATENCY_KEYS = ['workspace_id', 'provider_slug', 'model', 'metric', 'bucket', 'organisation_id']

async function sumDay(
  tx: Database,
  kind: 'usage' | 'latency',
  keys: readonly string[],
  sums: readonly string[],
  start: number,
  end: number,
  metric?: string,
): Promise<void> {
  const [keyList, sumList] = [keys, sums].map((names) => sql.join(names.map((name) => sql.ref(name))))
  const added = sql.join(sums.map((name) => sql`sum(${sql.ref(name)})`))
  await sql`
    insert into ${sql.table(`${kind}_days`)} (start, ${keyList}, ${sumList})
    select ${sql.lit(start)}, ${keyList}, ${added}
    from ${sql.table(`${kind}_hours`)}
    where start >= ${start} and start < ${end} ${metric === undefined ? sql`` : sql`and metric = ${metric}`}
    group by ${keyList}
  `.execute(tx)
}
