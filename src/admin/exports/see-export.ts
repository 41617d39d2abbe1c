import type { Database } from '../../store/database.ts'
import { findLogExport, type ExportScope, type LogExport } from '../../store/log-exports.ts'
import { seesOnlyOwn, type Identity } from '../caller.ts'
import { missing } from '../error.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'

/** Whose exports a caller sees: administrators all, everybody else their workspace's, who sees only their own what they made. */
export async function exportsOf(db: Database, caller: Identity, workspace: string | undefined): Promise<ExportScope> {
  const workspaceId = await scopeOf(db, caller, workspace)
  return {
    organisationId: caller.organisationId,
    ...(workspaceId !== undefined && { workspaceId }),
    ...(seesOnlyOwn(caller) && { createdBy: creatorOf(caller) ?? '' }),
  }
}

export async function seeExport(db: Database, caller: Identity, id: string): Promise<LogExport> {
  const found = await findLogExport(db, await exportsOf(db, caller, undefined), id)
  if (found === undefined) throw missing(`The export ${id}`)
  return found
}

/** A person, else a key; null for the administrator's key of the environment. */
export function creatorOf({ kind, keyId, userId }: Identity): string | null {
  // A person's key sees less than the person does.
  return kind === 'session' ? (userId ?? null) : (keyId ?? null)
}
