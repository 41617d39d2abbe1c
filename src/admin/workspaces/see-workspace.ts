import type { Database } from '../../store/database.ts'
import { findWorkspace, listWorkspaces, type Workspace } from '../../store/workspaces.ts'
import type { Identity } from '../caller.ts'
import { invalid, missing } from '../error.ts'

/** The workspace of that id or slug; for everybody but administrators there is only their own. */
export async function seeWorkspace(db: Database, caller: Identity, reference: string): Promise<Workspace> {
  const found = await findWorkspace(db, caller.organisationId, reference)
  if (found === undefined || (caller.workspaceId !== undefined && caller.workspaceId !== found.id)) {
    throw missing(`The workspace ${reference}`)
  }
  return found
}

/** The workspace that a request means: the one it names, else the caller's own, else the only one there is. */
export async function workspaceFor(db: Database, caller: Identity, reference: string | undefined): Promise<Workspace> {
  const named = reference ?? caller.workspaceId
  if (named !== undefined) return seeWorkspace(db, caller, named)
  const { items } = await listWorkspaces(db, caller.organisationId)
  const [only, ...more] = items
  if (only === undefined) throw missing('A workspace')
  if (more.length > 0) throw invalid('workspace_id: is required, because there is more than one workspace')
  return only
}

/** The workspace in which something is made that nobody placed: the one that is named, else the caller's own, else the default one. */
export async function homeOf(db: Database, caller: Identity, reference: string | undefined): Promise<Workspace> {
  const named = reference ?? caller.workspaceId
  if (named !== undefined) return seeWorkspace(db, caller, named)
  const { items } = await listWorkspaces(db, caller.organisationId)
  const home = items.find(({ isDefault }) => isDefault)
  if (home === undefined) throw missing('A default workspace')
  return home
}

/**
 * The id of the workspace that a list is about: undefined means all that an administrator sees. For everybody else it is
 * their own, and any other does not exist.
 */
export async function scopeOf(
  db: Database,
  caller: Identity,
  reference: string | undefined,
): Promise<string | undefined> {
  return reference === undefined ? caller.workspaceId : (await seeWorkspace(db, caller, reference)).id
}
