import { foldName } from '../../core/fold-name.ts'
import type { Database } from '../../store/database.ts'
import { listWorkspaces, type Workspace } from '../../store/workspaces.ts'
import { conflict } from '../error.ts'

/** Refuses a name that another workspace has, or one that looks like it. */
export async function requireFreeName(
  tx: Database,
  workspace: Pick<Workspace, 'organisationId'> & { readonly id?: string },
  name: string,
): Promise<void> {
  const { items } = await listWorkspaces(tx, workspace.organisationId)
  const other = items.find(({ id, name: taken }) => id !== workspace.id && foldName(taken) === foldName(name))
  if (other !== undefined) throw conflict(`There is a workspace ${other.name} already. Choose another name.`)
}
