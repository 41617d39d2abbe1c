import type { Selectable } from 'kysely'
import type { HeaderLines } from '../core/headers.ts'
import type { Database } from './database.ts'
import type { CacheEntryTable } from './schema.ts'

/** A cached answer as it lies in the store. Times are milliseconds since the epoch. */
export interface CacheEntry {
  readonly id: string
  readonly workspaceId: string
  readonly status: number
  readonly headers: HeaderLines
  readonly body: Buffer
  readonly createdAt: number
  readonly expiresAt: number
}

/** What one workspace's answers take. */
export interface CacheShare {
  readonly workspaceId: string
  readonly entries: number
  readonly bytes: number
}

/** Undefined for one that has expired, or that belongs to another workspace. */
export async function findCacheEntry(
  db: Database,
  workspaceId: string,
  id: string,
  now: number,
): Promise<CacheEntry | undefined> {
  const row = await db
    .selectFrom('cache_entries')
    .selectAll()
    .where('id', '=', id)
    .where('workspace_id', '=', workspaceId)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row === undefined ? undefined : toCacheEntry(row)
}

/** Writes an answer, in the place of an older one with that id. Rejects when the workspace is gone. */
export async function putCacheEntry(db: Database, entry: CacheEntry): Promise<void> {
  const content = {
    workspace_id: entry.workspaceId,
    status: entry.status,
    headers: JSON.stringify(entry.headers),
    body: entry.body,
    bytes: entry.body.length,
    expires_at: entry.expiresAt,
    created_at: entry.createdAt,
  }
  await db
    .insertInto('cache_entries')
    .values({ id: entry.id, ...content })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(content))
    .execute()
}

/** How many were there. */
export async function deleteCacheEntriesOf(db: Database, workspaceId: string): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('cache_entries')
    .where('workspace_id', '=', workspaceId)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

export async function deleteExpiredCacheEntries(db: Database, now: number): Promise<void> {
  await db.deleteFrom('cache_entries').where('expires_at', '<=', now).execute()
}

/** The largest share first. */
export async function listCacheShares(db: Database): Promise<readonly CacheShare[]> {
  const rows = await db
    .selectFrom('cache_entries')
    .select(({ fn }) => ['workspace_id', fn.countAll<number>().as('entries'), fn.sum<number>('bytes').as('total')])
    .groupBy('workspace_id')
    .orderBy('total', 'desc')
    .execute()
  return rows.map((row) => ({ workspaceId: row.workspace_id, entries: row.entries, bytes: row.total }))
}

/** The `count` oldest answers of a workspace. */
export async function deleteOldestCacheEntries(db: Database, workspaceId: string, count: number): Promise<void> {
  await db
    .deleteFrom('cache_entries')
    .where('id', 'in', (entries) =>
      entries
        .selectFrom('cache_entries')
        .select('id')
        .where('workspace_id', '=', workspaceId)
        .orderBy('created_at')
        .orderBy('id')
        .limit(count),
    )
    .execute()
}

function toCacheEntry(row: Selectable<CacheEntryTable>): CacheEntry {
  const { buffer, byteOffset, byteLength } = row.body
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    status: row.status,
    headers: JSON.parse(row.headers) as HeaderLines,
    body: Buffer.from(buffer, byteOffset, byteLength),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}
