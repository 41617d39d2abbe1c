import { IntegrationWorkspaces } from '../../contract/integrations.ts'
import { listIntegrationWorkspaceIds } from '../../store/integrations.ts'
import { listProviders } from '../../store/providers.ts'
import { listWorkspaces } from '../../store/workspaces.ts'
import { route } from '../route.ts'
import { seeIntegration } from './see-integration.ts'

export const listAccess = route({
  method: 'GET',
  path: '/integrations/:slug/workspaces',
  summary: 'List which workspaces may use an integration',
  scope: ['organisation_integrations.read'],
  reply: IntegrationWorkspaces,
  async handle({ caller, params }, { store: { db } }) {
    const integration = await seeIntegration(db, caller, params.slug)
    const allowed = new Set<string>(await listIntegrationWorkspaceIds(db, integration.id))
    const { items: workspaces } = await listWorkspaces(db, caller.organisationId)
    const { items: providers } = await listProviders(db, caller.organisationId, { integrationId: integration.id })
    return {
      total: workspaces.length,
      workspaces: workspaces.map(({ id, slug, name }) => ({
        id,
        slug,
        name,
        enabled: integration.globalWorkspaceAccess || allowed.has(id),
        provider_slugs: providers.filter(({ workspaceId }) => workspaceId === id).map((provider) => provider.slug),
      })),
      global_workspace_access: { enabled: integration.globalWorkspaceAccess },
    }
  },
})
