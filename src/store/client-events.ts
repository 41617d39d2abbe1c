import { sql, type Selectable } from 'kysely'
import type { Database } from './database.ts'
import type { ExchangeCursor, ExchangeScope } from './exchanges.ts'
import type { ClientEventTable } from './schema-records.ts'
import type { KeysetPage } from './sessions.ts'

/** Something that a client has told of itself. */
export interface ClientEvent {
  /** The same for the same event, however often it is told. */
  readonly id: string
  readonly organisationId: string
  readonly workspaceId: string
  readonly keyId: string
  readonly userId: string | undefined
  readonly name: string
  readonly sessionKey: string | undefined
  /** Of the exchange that it is about, as the client says. */
  readonly requestId: string | undefined
  /** Milliseconds since the epoch. */
  readonly at: number
  /** JSON object without content. */
  readonly attributes: string
}

/** As many as fit into one statement. */
const BATCH_ROWS = 500

/** Adds those that are not there yet. */
export async function addClientEvents(db: Database, events: readonly ClientEvent[]): Promise<void> {
  const rows = events.map(({ id, name, at, attributes, ...event }) => ({
    id,
    organisation_id: event.organisationId,
    workspace_id: event.workspaceId,
    key_id: event.keyId,
    user_id: event.userId ?? '',
    name,
    session_key: event.sessionKey ?? null,
    request_id: event.requestId ?? null,
    at,
    attributes,
  }))
  for (let from = 0; from < rows.length; from += BATCH_ROWS) {
    await db
      .insertInto('client_events')
      .values(rows.slice(from, from + BATCH_ROWS))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  }
}

/** Those of a session, the oldest first. A page costs the same however deep it lies. */
export async function listClientEvents(
  db: Database,
  scope: ExchangeScope,
  session: string,
  { limit, after }: { readonly limit: number; readonly after: ExchangeCursor | undefined },
): Promise<KeysetPage<Selectable<ClientEventTable>>> {
  const { organisationId, workspaceId, keyId, userId } = scope
  let matching = db
    .selectFrom('client_events')
    .where('session_key', '=', session)
    .where('organisation_id', '=', organisationId)
  if (workspaceId !== undefined) matching = matching.where('workspace_id', '=', workspaceId)
  if (keyId !== undefined) matching = matching.where('key_id', '=', keyId)
  if (userId !== undefined) matching = matching.where('user_id', '=', userId)
  if (after !== undefined) matching = matching.where(sql<boolean>`(at, id) > (${after.receivedAt}, ${after.id})`)
  const rows = await matching
    .selectAll()
    .orderBy('at')
    .orderBy('id')
    .limit(limit + 1)
    .execute()
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const hasMore = rows.length > limit && last !== undefined
  return { items, next: hasMore ? { receivedAt: last.at, id: last.id } : undefined }
}

/** Takes events of before a moment away, at most `limit`, and says how many. */
export async function deleteOldClientEvents(db: Database, before: number, limit: number): Promise<number> {
  const rows = await db.selectFrom('client_events').select('id').where('at', '<', before).limit(limit).execute()
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await db.deleteFrom('client_events').where('id', 'in', ids).execute()
  return ids.length
}
