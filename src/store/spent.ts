import { sql } from 'kysely'
import type { SpentEntry } from '../limits/create-budgets.ts'
import { limitOf } from '../limits/bucket.ts'
import type { Bucket, Reset } from '../limits/limit.ts'
import { createPeriods, type Periods } from '../limits/periods.ts'
import type { Database } from './database.ts'
import { toLimit } from './limits.ts'

export interface SpentQuestion {
  /** The organisation's time zone, an IANA name. */
  readonly zone: string
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * What the ledger says was used of every budget there is, by bucket and day: for the running periods, and at least for 35 days, so that a
 * budget whose period is changed needs no second reading. To be read once the journal of the last run has been brought in.
 */
export async function readSpent(db: Database, { zone, now }: SpentQuestion): Promise<readonly SpentEntry[]> {
  const periods = createPeriods(() => zone)
  const starts = await readStarts(db, periods, now)
  if (starts.length === 0) return []
  const startOf = createStartFinder(starts)
  const earliest = starts.reduce((least, { from }) => Math.min(least, from), now)
  const begin = Math.min(now, Math.max(earliest, await readFirstOpening(db)))
  const cuts = cutQuarters(starts.map(({ since }) => since))
  const days = new Map<Bucket, Map<number, MutableEntry>>()
  for (let from = begin; from <= now; from += WINDOW_MS) {
    // Calls from after the present, which a clock that was set back has left behind, come with the last stretch.
    const until = from + WINDOW_MS > now ? Number.MAX_SAFE_INTEGER : from + WINDOW_MS
    for (const row of await sumQuarters(db, from, until, cuts)) addRow(days, row, startOf, periods)
  }
  return [...days.values()].flatMap((ofBucket) => [...ofBucket.values()])
}

const QUARTER_MS = 15 * 60 * 1_000
const DAY_MS = 24 * 60 * 60 * 1_000

/** Days that are read beyond what the running periods need: the longest month, and some. */
const HISTORY_MS = 35 * DAY_MS

/** Read at once; a day of a large company is some ten thousand groups. */
const WINDOW_MS = DAY_MS

/** Where counting begins, in milliseconds since the epoch. */
interface Start {
  /** A limit's id; or a bucket of it that was reset by hand, and so may have periods of its own. */
  readonly bucket: Bucket
  readonly since: number
  /** What was used before this moment is not asked for. */
  readonly from: number
  /** It is never passed, so a call of which nobody knows what it used counts as what was held for it. */
  readonly isStrict: boolean
}

async function readStarts(db: Database, periods: Periods, now: number): Promise<readonly Start[]> {
  const limits = await db.selectFrom('limits').selectAll().where('kind', '=', 'budget').execute()
  const resets = Map.groupBy(await db.selectFrom('bucket_resets').selectAll().execute(), ({ bucket }) =>
    limitOf(bucket),
  )
  return limits.map(toLimit).flatMap(({ id, terms, since }) => {
    if (terms.kind !== 'budget') return []
    const isStrict = terms.hard && terms.mode === 'strict'
    const begin = (bucket: Bucket, at: number): Start => {
      return { bucket, since: at, from: historyStart(terms.reset, at, periods, now), isStrict }
    }
    const anew = (resets.get(id) ?? []).map((reset) => begin(reset.bucket, Math.max(since, reset.since)))
    return [begin(id, since), ...anew]
  })
}

/** For each bucket its own start, else that of its limit; undefined where the limit is gone. */
function createStartFinder(starts: readonly Start[]): (bucket: Bucket) => Start | undefined {
  const byBucket = new Map(starts.map((start) => [start.bucket, start]))
  return (bucket) => byBucket.get(bucket) ?? byBucket.get(limitOf(bucket))
}

function historyStart(reset: Reset, since: number, periods: Periods, now: number): number {
  const { start } = periods.of({ reset }, since, now)
  return Math.max(since, Math.min(start, now - HISTORY_MS))
}

async function readFirstOpening(db: Database): Promise<number> {
  const first = await db
    .selectFrom('ledger_calls')
    .select(({ fn }) => fn.min('opened_at').as('at'))
    .executeTakeFirst()
  return first?.at ?? Infinity
}

/** Numbers of the quarter hours within which counting begins: there, calls are added up by their very moment. */
function cutQuarters(moments: readonly number[]): string {
  const within = moments.filter((moment) => moment % QUARTER_MS !== 0)
  return JSON.stringify([...new Set(within.map((moment) => Math.floor(moment / QUARTER_MS)))])
}

interface QuarterRow {
  /** JSON array. */
  readonly buckets: string
  readonly from: number
  readonly last: number
  readonly cost_nanos: bigint
  readonly tokens: number
  /** The same with what was held in the place of what nobody could tell any more. */
  readonly most_nanos: bigint
  readonly most_tokens: number
  readonly requests: number
}

/** Every time zone's day begins at a quarter hour, so these sums fit into days wherever the organisation is. */
async function sumQuarters(db: Database, from: number, until: number, cuts: string): Promise<readonly QuarterRow[]> {
  // Written out, because a bound number divides as a fraction.
  const tokens = sql`(input_tokens + output_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens)`
  const quarter = sql`opened_at / ${sql.lit(QUARTER_MS)}`
  const { rows } = await sql<QuarterRow>`
    select
      buckets,
      min(opened_at) as "from",
      max(opened_at) as "last",
      sum(cost_nanos) as "cost_nanos",
      sum(${tokens}) as "tokens",
      sum(case when held_nanos > cost_nanos then held_nanos else cost_nanos end) as "most_nanos",
      sum(case when held_tokens > ${tokens} then held_tokens else ${tokens} end) as "most_tokens",
      sum(case when ordinal = 0 then 1 else 0 end) as "requests"
    from ledger_calls
    where opened_at >= ${from} and opened_at < ${until} and buckets <> '[]'
    group by
      buckets,
      ${quarter},
      case when ${quarter} in (select value from json_each(${cuts})) then opened_at else 0 end
  `.execute(db)
  return rows
}

interface MutableEntry extends SpentEntry {
  from: number
  last: number
  used: SpentEntry['used']
}

function addRow(
  days: Map<Bucket, Map<number, MutableEntry>>,
  row: QuarterRow,
  startOf: (bucket: Bucket) => Start | undefined,
  periods: Periods,
): void {
  const { from, last } = row
  const { requests } = row
  const told = { costNanos: row.cost_nanos, tokens: row.tokens, requests }
  const most = { costNanos: row.most_nanos, tokens: row.most_tokens, requests }
  for (const bucket of JSON.parse(row.buckets) as readonly Bucket[]) {
    const start = startOf(bucket)
    if (start === undefined || last < start.from || from < start.since) continue
    const used = start.isStrict ? most : told
    const day = periods.day(from).start
    let ofBucket = days.get(bucket)
    if (ofBucket === undefined) days.set(bucket, (ofBucket = new Map()))
    const entry = ofBucket.get(day)
    if (entry === undefined) ofBucket.set(day, { bucket, from, last, used })
    else addTo(entry, from, last, used)
  }
}

function addTo(
  entry: MutableEntry,
  from: number,
  last: number,
  { costNanos, tokens, requests }: SpentEntry['used'],
): void {
  entry.from = Math.min(entry.from, from)
  entry.last = Math.max(entry.last, last)
  entry.used = {
    costNanos: entry.used.costNanos + costNanos,
    tokens: entry.used.tokens + tokens,
    requests: entry.used.requests + requests,
  }
}
