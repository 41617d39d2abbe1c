import type { z } from 'zod'
import type { IntegrationWorkspaces } from '../../contract/integrations.ts'
import type { Database } from '../../store/database.ts'
import { listIntegrationWorkspaceIds, type Integration } from '../../store/integrations.ts'
import { listProviders } from '../../store/providers.ts'
import { listWorkspaces, type Workspace } from '../../store/workspaces.ts'
import type { Limited } from '../limits/set-limits.ts'
import { readLimits, showListed } from '../limits/show-limits.ts'
import type { AdminParts } from '../parts.ts'

/** Every workspace, with whether it may use the integration. */
export async function showAccess(
  db: Database,
  integration: Integration,
  { limits }: Pick<AdminParts, 'limits'>,
): Promise<z.output<typeof IntegrationWorkspaces>> {
  const { organisationId } = integration
  const allowed = new Set<string>(await listIntegrationWorkspaceIds(db, integration.id))
  const { items: workspaces } = await listWorkspaces(db, organisationId)
  const { items: providers } = await listProviders(db, organisationId, { integrationId: integration.id })
  const ids = workspaces.map((workspace) => limitedAccess(integration, workspace).subjectId)
  const limitsOf = await readLimits(db, 'integration', ids, limits)
  return {
    total: workspaces.length,
    workspaces: workspaces.map((workspace) => {
      const { id, slug, name } = workspace
      const shown = limitsOf(limitedAccess(integration, workspace).subjectId)
      return {
        id,
        slug,
        name,
        enabled: integration.globalWorkspaceAccess || allowed.has(id),
        provider_slugs: providers.filter(({ workspaceId }) => workspaceId === id).map((provider) => provider.slug),
        ...showListed(shown),
        status: shown.isExhausted ? 'exhausted' : 'active',
      }
    }),
    global_workspace_access: { enabled: integration.globalWorkspaceAccess },
  }
}

/** What one workspace uses of an integration, as something that can be limited. */
export function limitedAccess(integration: Integration, workspace: Workspace): Limited {
  return {
    organisationId: integration.organisationId,
    workspaceId: workspace.id,
    level: 'integration',
    subjectId: `${integration.id}:${workspace.id}`,
  }
}
