import { findChannel, type AlertChannel } from '../../store/alert-channels.ts'
import type { Database } from '../../store/database.ts'
import type { AdminCaller } from '../caller.ts'
import { missing } from '../error.ts'

/** The channel of that id. For everybody but administrators there are only those of their workspace. */
export async function seeChannel(db: Database, caller: AdminCaller, id: string): Promise<AlertChannel> {
  const found = await findChannel(db, caller.organisationId, caller.workspaceId, id)
  if (found === undefined) throw missing(`The channel ${id}`)
  return found
}
