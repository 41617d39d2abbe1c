import type { Database } from '../../store/database.ts'
import type { ExchangeScope } from '../../store/exchanges.ts'
import { findSession, type StoredSession } from '../../store/sessions.ts'
import type { AdminCaller } from '../caller.ts'
import type { Owned } from '../content/content-right.ts'
import { missing } from '../error.ts'
import { recordsOf } from '../logs/filter-exchanges.ts'

/** The session of that id, and whose records the caller sees of it. A session that is not among them does not exist. */
export async function seeCodingSession(
  db: Database,
  caller: AdminCaller,
  id: string,
): Promise<{ readonly session: StoredSession; readonly scope: ExchangeScope }> {
  const scope = await recordsOf(db, caller, undefined)
  const session = await findSession(db, scope, id)
  if (session === undefined) throw missing(`The session ${id}`)
  return { session, scope }
}

/** Whose content a session is. */
export function ownerOf(session: StoredSession): Owned {
  return { ...session, session_key: session.id }
}
