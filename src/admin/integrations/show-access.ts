import type { z } from 'zod'
import type { IntegrationWorkspaces } from '../../contract/integrations.ts'
import type { Database } from '../../store/database.ts'
import { listIntegrationWorkspaceIds, type Integration } from '../../store/integrations.ts'
import { listProviders } from '../../store/providers.ts'
import { listWorkspaces } from '../../store/workspaces.ts'

/** Every workspace, with whether it may use the integration. */
export async function showAccess(
  db: Database,
  integration: Integration,
): Promise<z.output<typeof IntegrationWorkspaces>> {
  const { organisationId } = integration
  const allowed = new Set<string>(await listIntegrationWorkspaceIds(db, integration.id))
  const { items: workspaces } = await listWorkspaces(db, organisationId)
  const { items: providers } = await listProviders(db, organisationId, { integrationId: integration.id })
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
}
