import { sql, type Selectable, type SelectQueryBuilder } from 'kysely'
import type { Database } from './database.ts'
import { readChanges, readRoute, readTags, type StoredStep, type Tags } from './documents.ts'
import { engineOf, type Engine } from './engine.ts'
import { compileCondition } from './filter-sql.ts'
import { isPointed, type RecordCondition } from './record-condition.ts'
import type { ExchangeTable } from './schema-records.ts'
import type { Tables } from './schema.ts'
import { selectUsageSums, type UsageSums } from './usage-sums.ts'

/** A record as it stands in the table, its documents read. Column names are kept: a record is shown, not reasoned about. */
export type StoredExchange = Omit<Selectable<ExchangeTable>, 'metadata' | 'route' | 'changes'> & {
  readonly metadata: Tags
  readonly route: readonly StoredStep[]
  readonly changes: readonly string[]
}

/** Whose records. A request whose key nobody knew belongs to no organisation and is not among them. */
export interface ExchangeScope {
  readonly organisationId: string
  readonly workspaceId?: string
  /** For callers who see their own requests only. */
  readonly keyId?: string
  /** The same for people, whose keys are many. */
  readonly userId?: string
}

export interface ExchangeFilter extends ExchangeScope {
  /** `messages` or `count_tokens`. */
  readonly endpoint?: string
  readonly sessionId?: string
  /** The model that was asked for or the one that served. */
  readonly model?: string
  /** Without the `@`. */
  readonly providerSlug?: string
  /** Both ends included: `{ from: 400, to: 499 }` is 4xx. */
  readonly status?: { readonly from: number; readonly to: number }
  /** `pc-…` of the config that was followed. */
  readonly config?: string
  readonly cacheStatus?: string
  /** Milliseconds since the epoch, included. */
  readonly since?: number
  /** Milliseconds since the epoch, not included. */
  readonly until?: number
  /** All of them have to hold. */
  readonly conditions?: readonly RecordCondition[]
}

/** Where a page ended: the next one begins with the record before it. */
export interface ExchangeCursor {
  readonly receivedAt: number
  readonly id: string
}

export interface ExchangePage {
  readonly items: readonly StoredExchange[]
  /** Undefined on the last page. */
  readonly next: ExchangeCursor | undefined
}

export interface ExchangeSums extends UsageSums {
  readonly requests: number
}

export async function findExchange(
  db: Database,
  scope: ExchangeScope,
  id: string,
): Promise<StoredExchange | undefined> {
  const row = await narrowExchanges(db, scope).selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : toExchange(row)
}

/** Newest first. A page costs the same however deep it lies, and records that arrive meanwhile do not shift it. */
export async function listExchanges(
  db: Database,
  filter: ExchangeFilter,
  page: { readonly limit: number; readonly after?: ExchangeCursor | undefined },
): Promise<ExchangePage> {
  let matching = narrowExchanges(db, filter)
  const { after, limit } = page
  if (after !== undefined)
    matching = matching.where(sql<boolean>`(received_at, id) < (${after.receivedAt}, ${after.id})`)
  const rows = await matching
    .selectAll()
    .orderBy('received_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
  const items = rows.slice(0, limit).map(toExchange)
  const last = items.at(-1)
  const next = rows.length > limit && last !== undefined ? { receivedAt: last.received_at, id: last.id } : undefined
  return { items, next }
}

export async function sumExchanges(db: Database, filter: ExchangeFilter): Promise<ExchangeSums> {
  const matching = narrowExchanges(db, filter)
  return await matching
    .select(({ fn }) => fn.countAll<number>().as('requests'))
    .select(selectUsageSums)
    .executeTakeFirstOrThrow()
}

/** Ids of the exchanges that match; meant as a sub-query. */
export function selectExchangeIds(db: Database, filter: ExchangeFilter) {
  return narrowExchanges(db, filter).select('exchanges.id')
}

/** The records that match, for whoever knows what to select of them. */
export function narrowExchanges(
  db: Database,
  filter: ExchangeFilter,
): SelectQueryBuilder<Tables, 'exchanges', unknown> {
  return narrow(db.selectFrom('exchanges'), filter, engineOf(db))
}

/** The column by whose index a query should go through time: the one that leaves the fewest records. */
export function ownerOf(filter: ExchangeScope): { readonly column: OwnerColumn; readonly id: string } {
  if (filter.keyId !== undefined) return { column: 'key_id', id: filter.keyId }
  if (filter.userId !== undefined) return { column: 'user_id', id: filter.userId }
  if (filter.workspaceId !== undefined) return { column: 'workspace_id', id: filter.workspaceId }
  return { column: 'organisation_id', id: filter.organisationId }
}

export type OwnerColumn = (typeof OWNERS)[number]

const OWNERS = ['organisation_id', 'workspace_id', 'user_id', 'key_id'] as const

function narrowScope<Output>(
  exchanges: SelectQueryBuilder<Tables, 'exchanges', Output>,
  filter: ExchangeFilter,
): SelectQueryBuilder<Tables, 'exchanges', Output> {
  // Every owner has an index by time. SQLite, which counts no rows, takes any of them; an expression leaves it only the right one.
  const driving = filter.conditions?.some(isPointed) === true ? undefined : ownerOf(filter).column
  const ids = [filter.organisationId, filter.workspaceId, filter.userId, filter.keyId]
  return OWNERS.reduce((matching, column, at) => {
    const id = ids[at]
    if (id === undefined) return matching
    return column === driving
      ? matching.where(column, '=', id)
      : matching.where(sql<boolean>`${sql.ref(column)} || '' = ${id}`)
  }, exchanges)
}

function narrow<Output>(
  exchanges: SelectQueryBuilder<Tables, 'exchanges', Output>,
  filter: ExchangeFilter,
  engine: Engine,
): SelectQueryBuilder<Tables, 'exchanges', Output> {
  let matching = narrowScope(exchanges, filter)
  if (filter.endpoint !== undefined) matching = matching.where('endpoint', '=', filter.endpoint)
  if (filter.sessionId !== undefined) matching = matching.where('session_id', '=', filter.sessionId)
  if (filter.providerSlug !== undefined) matching = matching.where('provider_slug', '=', filter.providerSlug)
  if (filter.config !== undefined) matching = matching.where('config_id', '=', filter.config)
  if (filter.cacheStatus !== undefined) matching = matching.where('cache_status', '=', filter.cacheStatus)
  if (filter.since !== undefined) matching = matching.where('received_at', '>=', filter.since)
  if (filter.until !== undefined) matching = matching.where('received_at', '<', filter.until)
  const { model, status } = filter
  if (model !== undefined) {
    matching = matching.where((is) => is.or([is('model_asked', '=', model), is('model_served', '=', model)]))
  }
  if (status !== undefined) matching = matching.where('status', '>=', status.from).where('status', '<=', status.to)
  for (const condition of filter.conditions ?? []) matching = matching.where(compileCondition(condition, engine))
  return matching
}

/** A row with its documents read. */
export function toExchange(row: Selectable<ExchangeTable>): StoredExchange {
  return {
    ...row,
    metadata: readTags(row.metadata),
    route: readRoute(row.route),
    changes: readChanges(row.changes),
  }
}
