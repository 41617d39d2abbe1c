import type { Database } from './database.ts'
import {
  listExchanges,
  narrowExchanges,
  type ExchangeCursor,
  type ExchangeFilter,
  type StoredExchange,
} from './exchanges.ts'
import { isPointed } from './record-condition.ts'
import { lookThroughTime, type Patience, type Reach } from './through-time.ts'

export interface FoundExchanges extends Reach {
  readonly items: readonly StoredExchange[]
  /** Where to go on; undefined when there is nothing more. */
  readonly next: ExchangeCursor | undefined
}

/** A page of what matches, newest first, as far as patience reaches. The cursor goes on where the looking ended. */
export async function findExchanges(
  db: Database,
  filter: ExchangeFilter,
  page: { readonly limit: number; readonly after?: ExchangeCursor | undefined },
  patience: Patience,
): Promise<FoundExchanges> {
  if (isQuick(filter)) return { ...(await listExchanges(db, filter, page)), searchedUntil: undefined }
  const { after, limit } = page
  // Records of the very moment of the cursor may still be to come.
  const until = Math.min(filter.until ?? Infinity, after === undefined ? Infinity : after.receivedAt + 1)
  const remaining: ExchangeFilter = Number.isFinite(until) ? { ...filter, until } : filter
  const items: StoredExchange[] = []
  let next: ExchangeCursor | undefined
  const { searchedUntil } = await lookThroughTime(db, remaining, patience, async (stretch) => {
    const found = await listExchanges(db, { ...filter, ...stretch }, { limit: limit - items.length, after })
    items.push(...found.items)
    next = found.next
    return next === undefined && items.length < limit ? 'more' : 'enough'
  })
  // A cursor without an id stands before every record of its moment.
  if (next === undefined && searchedUntil !== undefined) next = { receivedAt: searchedUntil, id: '' }
  return { items, next, searchedUntil: items.length === limit ? undefined : searchedUntil }
}

/** The place of the oldest of some records. */
export async function findOldest(
  db: Database,
  organisationId: string,
  ids: readonly string[],
): Promise<ExchangeCursor | undefined> {
  const row = await db
    .selectFrom('exchanges')
    .select(['id', 'received_at'])
    .where('id', 'in', ids)
    .where('organisation_id', '=', organisationId)
    .orderBy('received_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? undefined : { receivedAt: row.received_at, id: row.id }
}

/** Whether an index leads to the first page: by an owner's time, or to a few records by their ids. */
function isQuick(filter: ExchangeFilter): boolean {
  const { conditions = [] } = filter
  return (
    conditions.some(isPointed) || (conditions.length === 0 && NARROWING.every((name) => filter[name] === undefined))
  )
}

/** What is asked of records besides whose they are and when they came. */
const NARROWING = ['endpoint', 'sessionId', 'model', 'providerSlug', 'status', 'config', 'cacheStatus'] as const

export interface ExchangeCount extends Reach {
  readonly count: number
  /** False where counting ended before all was counted. */
  readonly exact: boolean
}

/** How many match: exact up to `enough`, and as far as patience reaches. */
export async function countExchanges(
  db: Database,
  filter: ExchangeFilter,
  enough: number,
  patience: Patience,
): Promise<ExchangeCount> {
  let count = 0
  const { searchedUntil } = await lookThroughTime(db, filter, patience, async (stretch) => {
    count += await countUpTo(db, { ...filter, ...stretch }, enough - count)
    return count < enough ? 'more' : 'enough'
  })
  return { count, exact: searchedUntil === undefined && count < enough, searchedUntil }
}

async function countUpTo(db: Database, filter: ExchangeFilter, most: number): Promise<number> {
  const { count } = await db
    .selectFrom(narrowExchanges(db, filter).select('exchanges.id').limit(most).as('matching'))
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return count
}
