import type { Database } from './database.ts'
import { sql } from 'kysely'

/** A row of an exchange, as far as it matters whether it may go. */
export interface OldExchange {
  readonly id: string
  readonly receivedAt: number
  readonly shelf: string | null
  readonly workspaceId: string | null
  readonly userId: string | null
  readonly sessionKey: string | null
}

/**
 * Exchanges of an organisation from before a moment, the oldest first, behind the one where the last batch ended. Null are those whose
 * key nobody knew.
 */
export async function listOldExchanges(
  db: Database,
  organisationId: string | null,
  before: number,
  after: Pick<OldExchange, 'id' | 'receivedAt'>,
  limit: number,
): Promise<readonly OldExchange[]> {
  return await db
    .selectFrom('exchanges')
    .select(['id', 'received_at as receivedAt', 'shelf'])
    .select(['workspace_id as workspaceId', 'user_id as userId', 'session_key as sessionKey'])
    .where('organisation_id', organisationId === null ? 'is' : '=', organisationId)
    .where('received_at', '<', before)
    .where(sql<boolean>`(received_at, id) > (${after.receivedAt}, ${after.id})`)
    .orderBy('received_at')
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** With what their content said of them. */
export async function deleteExchanges(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await db.deleteFrom('turns').where('id', 'in', ids).execute()
  await db.deleteFrom('exchanges').where('id', 'in', ids).execute()
}

/**
 * Takes calls of before a moment off the ledger, at most `limit`, and says how many. Those that were charged to a budget stay while one
 * may still count them: those from `neededSince` on.
 */
export async function deleteOldCalls(
  db: Database,
  { before, neededSince, limit }: { readonly before: number; readonly neededSince: number; readonly limit: number },
): Promise<number> {
  const rows = await db
    .selectFrom('ledger_calls')
    .select('id')
    .where('opened_at', '<', before)
    .where((is) => is.or([is('opened_at', '<', neededSince), is('buckets', '=', '[]')]))
    .limit(limit)
    .execute()
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await db.deleteFrom('ledger_calls').where('id', 'in', ids).execute()
  return ids.length
}

/** Takes sessions that were used last before a moment and of which no exchange is left, at most `limit`, and says how many. */
export async function deleteEmptySessions(db: Database, before: number, limit: number): Promise<number> {
  const rows = await db
    .selectFrom('sessions')
    .select('id')
    .where('last_at', '<', before)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('exchanges').select('exchanges.id').whereRef('exchanges.session_key', '=', 'sessions.id'))),
    )
    .limit(limit)
    .execute()
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await db.deleteFrom('sessions').where('id', 'in', ids).execute()
  return ids.length
}
