import { findConfig, type SavedConfig } from '../../store/configs.ts'
import type { Database } from '../../store/database.ts'
import type { AdminCaller } from '../caller.ts'
import { missing } from '../error.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'

/** The config of that id or slug, in that workspace if one is named. For everybody but administrators there are only those of their own. */
export async function seeConfig(
  db: Database,
  caller: AdminCaller,
  reference: string,
  workspace: string | undefined,
): Promise<SavedConfig> {
  const workspaceId = await scopeOf(db, caller, workspace)
  const found = await findConfig(db, caller.organisationId, reference)
  if (found === undefined || (workspaceId !== undefined && workspaceId !== found.workspaceId)) {
    throw missing(`The config ${reference}`)
  }
  return found
}
