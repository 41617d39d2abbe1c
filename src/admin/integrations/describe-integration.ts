import type { z } from 'zod'
import type { Integration as IntegrationAnswer } from '../../contract/integrations.ts'
import type { Database } from '../../store/database.ts'
import { readMasks } from '../../store/documents.ts'
import { listIntegrationWorkspaceIds, type Integration } from '../../store/integrations.ts'
import { listWorkspaces } from '../../store/workspaces.ts'
import { isAdministrator, type AdminCaller } from '../caller.ts'
import { showIntegration } from './show-integration.ts'

/** The credential is never part of it; where it travels and how it ends is told to administrators. */
export async function describeIntegration(
  db: Database,
  caller: AdminCaller,
  integration: Integration,
): Promise<z.output<typeof IntegrationAnswer>> {
  const { key, ...masks } = readMasks(integration.maskedCredential)
  const told = isAdministrator(caller)
  const workspaces = integration.globalWorkspaceAccess
    ? (await listWorkspaces(db, caller.organisationId)).total
    : (await listIntegrationWorkspaceIds(db, integration.id)).length
  return {
    ...showIntegration(integration),
    masked_key: told ? (key ?? null) : null,
    configurations: told ? { ...integration.configurations, ...masks } : {},
    global_workspace_access_settings: { enabled: integration.globalWorkspaceAccess },
    allow_all_models: integration.allowAllModels,
    workspace_count: told ? workspaces : 1,
  }
}
