import { type RawBuilder, sql } from 'kysely'
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
  const startsOf = createStartFinder(starts)
  const earliest = starts.reduce((least, { from }) => Math.min(least, from), now)
  const begin = Math.min(now, Math.max(earliest, await readFirstOpening(db)))
  const cuts = starts.map(({ since }) => since)
  const days = new Map<Bucket, Map<number, MutableEntry>>()
  for (let from = begin, until: number; from <= now; from = until) {
    until = periods.day(from).end
    // Calls from after the present, which a clock that was set back has left behind, come with the last stretch.
    const isLast = until > now
    const end = isLast ? Number.MAX_SAFE_INTEGER : until
    const within = cuts.filter((moment) => moment > from && moment < end)
    const grain = isLast || within.length > 0 ? byQuarters(within) : WHOLE
    for (const row of await sumCalls(db, from, end, grain)) addRow(days, row, startsOf, periods)
  }
  return [...days.values()].flatMap((ofBucket) => [...ofBucket.values()])
}

/** From when on calls are needed to say what was used of a budget, in milliseconds since the epoch: the end of time when there is none. */
export async function readNeededSince(db: Database, { zone, now }: SpentQuestion): Promise<number> {
  const starts = await readStarts(
    db,
    createPeriods(() => zone),
    now,
  )
  return starts.reduce((least, { from }) => Math.min(least, from), Number.MAX_SAFE_INTEGER)
}

const QUARTER_MS = 15 * 60 * 1_000
const DAY_MS = 24 * 60 * 60 * 1_000

/** Days that are read beyond what the running periods need: the longest month, and some. */
const HISTORY_MS = 35 * DAY_MS

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

/** A bucket and where it begins. */
interface Begun {
  readonly bucket: Bucket
  readonly start: Start
}

/** Of the buckets in a row's list (a JSON array) those that there still are. A key and a model make the same list day after day. */
function createStartFinder(starts: readonly Start[]): (list: string) => readonly Begun[] {
  const byBucket = new Map(starts.map((start) => [start.bucket, start]))
  const known = new Map<string, readonly Begun[]>()
  return (list) => {
    const seen = known.get(list)
    if (seen !== undefined) return seen
    const begun = (JSON.parse(list) as readonly Bucket[]).flatMap((bucket) => {
      // Its own start, else that of its limit; none where the limit is gone.
      const start = byBucket.get(bucket) ?? byBucket.get(limitOf(bucket))
      return start === undefined ? [] : [{ bucket, start }]
    })
    if (known.size === LISTS_KEPT) known.clear()
    known.set(list, begun)
    return begun
  }
}

const LISTS_KEPT = 50_000

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

/** A day in which no counting begins is added up as a whole. */
const WHOLE = sql``

/**
 * By quarter hours, in which every time zone's day begins; and call by call in those within which counting begins, at one of these moments.
 */
function byQuarters(cuts: readonly number[]): RawBuilder<unknown> {
  const within = cuts.filter((moment) => moment % QUARTER_MS !== 0)
  // Written out, because a bound number divides as a fraction.
  const quarter = sql`opened_at / ${sql.lit(QUARTER_MS)}`
  if (within.length === 0) return sql`, ${quarter}`
  const numbers = [...new Set(within.map((moment) => Math.floor(moment / QUARTER_MS)))].map((number) => sql.lit(number))
  return sql`, ${quarter}, case when ${quarter} in (${sql.join(numbers)}) then opened_at else 0 end`
}

interface SumRow {
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

/** Sums for each list of buckets; `grain` tells them further apart. */
async function sumCalls(
  db: Database,
  from: number,
  until: number,
  grain: RawBuilder<unknown>,
): Promise<readonly SumRow[]> {
  const tokens = sql`(input_tokens + output_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens)`
  const { rows } = await sql<SumRow>`
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
    group by buckets ${grain}
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
  row: SumRow,
  startsOf: (list: string) => readonly Begun[],
  periods: Periods,
): void {
  const { from, last } = row
  const { requests } = row
  const told = { costNanos: row.cost_nanos, tokens: row.tokens, requests }
  const most = { costNanos: row.most_nanos, tokens: row.most_tokens, requests }
  for (const { bucket, start } of startsOf(row.buckets)) {
    if (last < start.from || from < start.since) continue
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
