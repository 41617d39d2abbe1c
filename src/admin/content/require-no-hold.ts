import type { Database } from '../../store/database.ts'
import { findLegalHold, type Held } from '../../store/legal-holds.ts'
import type { AdminCaller } from '../caller.ts'
import { conflict } from '../error.ts'

/** Refuses with a 409 to take away content that a legal hold is on. */
export async function requireNoHold(tx: Database, caller: AdminCaller, content: Held): Promise<void> {
  const hold = await findLegalHold(tx, caller.organisationId, content)
  if (hold === undefined) return
  const whose = hold.subject === 'session' ? 'this session' : `its ${hold.subject}`
  throw conflict(`There is a legal hold on ${whose} (${hold.reason}). An administrator can end it: it is ${hold.id}.`)
}
