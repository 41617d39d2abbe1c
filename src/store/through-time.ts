import type { Clock } from '../core/clock.ts'
import type { Database } from './database.ts'
import { ownerOf, type ExchangeFilter } from './exchanges.ts'

/*
 * Not every engine lets a statement be stopped, and an embedded one answers nobody else meanwhile. So a question whose answer
 * may lie anywhere is asked of one stretch of time after the other, newest first, each with about the same number of
 * records, until there is enough or the time is over.
 */

/** Records of the owner in one stretch: a few tens of milliseconds of reading. */
const STRETCH_RECORDS = 10_000

/** Milliseconds since the epoch: `since` belongs to it, `until` does not. */
export interface Stretch {
  readonly since: number
  readonly until: number
}

/** What an answer may take. */
export interface Patience {
  readonly clock: Clock
  readonly maxMs: number
}

/** How far an answer reaches back. */
export interface Reach {
  /** Milliseconds since the epoch from which everything was looked at; undefined when that is all there is. */
  readonly searchedUntil: number | undefined
}

/**
 * Asks `look` of the stretches of a filter's time one by one, from its end to its beginning, until it says that it has enough. At
 * least one is looked at, however late it is.
 */
export async function lookThroughTime(
  db: Database,
  filter: ExchangeFilter,
  patience: Patience,
  look: (stretch: Stretch) => Promise<'enough' | 'more'>,
): Promise<Reach> {
  const deadline = patience.clock.monotonic() + patience.maxMs
  const begin = filter.since ?? 0
  let until = filter.until ?? Number.MAX_SAFE_INTEGER
  while (until > begin) {
    const since = await findBeginning(db, filter, until, begin)
    const verdict = await look({ since, until })
    until = since
    if (verdict === 'enough' || patience.clock.monotonic() >= deadline) break
  }
  return { searchedUntil: until > begin ? until : undefined }
}

/** Where a stretch that ends at `until` begins. The index alone answers: only its owner and its time are asked for. */
async function findBeginning(db: Database, filter: ExchangeFilter, until: number, begin: number): Promise<number> {
  const { column, id } = ownerOf(filter)
  const row = await db
    .selectFrom('exchanges')
    .select('received_at')
    .where(column, '=', id)
    .where('received_at', '<', until)
    .where('received_at', '>=', begin)
    .orderBy('received_at', 'desc')
    .orderBy('id', 'desc')
    .offset(STRETCH_RECORDS)
    .limit(1)
    .executeTakeFirst()
  return row?.received_at ?? begin
}
