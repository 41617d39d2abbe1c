import { findConfig } from '../../store/configs.ts'
import type { Database } from '../../store/database.ts'
import type { Workspace } from '../../store/workspaces.ts'
import { invalid } from '../error.ts'

/**
 * The slug of a config that a default names. Refuses one that the workspace does not have or has archived: requests would quietly follow none.
 * Null and undefined are handed back.
 */
export async function requireConfig(
  db: Database,
  workspace: Pick<Workspace, 'id' | 'organisationId'>,
  member: 'config_id' | 'user_api_key_config',
  reference: string | null | undefined,
): Promise<string | null | undefined> {
  if (reference === null || reference === undefined) return reference
  const found = await findConfig(db, workspace.organisationId, reference)
  if (found?.workspaceId !== workspace.id)
    throw invalid(`defaults.${member}: this workspace has no config ${reference}`)
  if (found.status === 'archived') throw invalid(`defaults.${member}: the config ${reference} is archived`)
  return found.slug
}
