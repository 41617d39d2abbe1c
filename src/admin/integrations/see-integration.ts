import type { Database } from '../../store/database.ts'
import { findIntegration, listIntegrations, type Integration } from '../../store/integrations.ts'
import type { Workspace } from '../../store/workspaces.ts'
import type { AdminCaller } from '../caller.ts'
import { missing } from '../error.ts'

/** The integration of that id or slug. Whoever is no administrator sees those that their workspace may use. */
export async function seeIntegration(db: Database, caller: AdminCaller, reference: string): Promise<Integration> {
  const found = await findIntegration(db, caller.organisationId, reference)
  if (found === undefined || !(await mayUse(db, found, caller.workspaceId)))
    throw missing(`The integration ${reference}`)
  return found
}

/** The integration, if this workspace may use it; otherwise there is none, also for administrators. */
export async function usableIntegration(db: Database, workspace: Workspace, reference: string): Promise<Integration> {
  const found = await findIntegration(db, workspace.organisationId, reference)
  if (found === undefined || !(await mayUse(db, found, workspace.id))) {
    throw missing(`The integration ${reference} in the workspace ${workspace.slug}`)
  }
  return found
}

async function mayUse(db: Database, integration: Integration, workspaceId: string | undefined): Promise<boolean> {
  if (workspaceId === undefined) return true
  const { items } = await listIntegrations(db, integration.organisationId, { usableBy: workspaceId })
  return items.some(({ id }) => id === integration.id)
}
