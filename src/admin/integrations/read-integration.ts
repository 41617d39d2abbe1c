import { Integration } from '../../contract/integrations.ts'
import { readMasks } from '../../store/documents.ts'
import { listIntegrationWorkspaceIds } from '../../store/integrations.ts'
import { listWorkspaces } from '../../store/workspaces.ts'
import { isAdministrator } from '../caller.ts'
import { route } from '../route.ts'
import { seeIntegration } from './see-integration.ts'
import { showIntegration } from './show-integration.ts'

/** The credential is never part of the answer; where it travels and how it ends is told to administrators. */
export const readIntegration = route({
  method: 'GET',
  path: '/integrations/:slug',
  summary: 'Read an integration',
  scope: ['organisation_integrations.read', 'workspace_integrations.read'],
  reply: Integration,
  async handle({ caller, params }, { store }) {
    const integration = await seeIntegration(store.db, caller, params.slug)
    const { key, ...masks } = readMasks(integration.maskedCredential)
    const told = isAdministrator(caller)
    const workspaces = integration.globalWorkspaceAccess
      ? (await listWorkspaces(store.db, caller.organisationId)).total
      : (await listIntegrationWorkspaceIds(store.db, integration.id)).length
    return {
      ...showIntegration(integration),
      masked_key: told ? (key ?? null) : null,
      configurations: told ? { ...integration.configurations, ...masks } : {},
      global_workspace_access_settings: { enabled: integration.globalWorkspaceAccess },
      allow_all_models: integration.allowAllModels,
      workspace_count: told ? workspaces : 1,
    }
  },
})
