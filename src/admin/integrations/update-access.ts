import type { z } from 'zod'
import { Nothing } from '../../contract/fields.ts'
import { IntegrationWorkspacesUpdate } from '../../contract/integrations.ts'
import type { Database } from '../../store/database.ts'
import {
  allowIntegrationWorkspace,
  denyIntegrationWorkspace,
  listIntegrationWorkspaceIds,
  updateIntegration,
  type Integration,
} from '../../store/integrations.ts'
import { listProviders } from '../../store/providers.ts'
import { listWorkspaces, type Workspace } from '../../store/workspaces.ts'
import type { AdminCaller } from '../caller.ts'
import { audited, type Note } from '../change.ts'
import { invalid } from '../error.ts'
import { setLimits } from '../limits/set-limits.ts'
import type { AdminParts } from '../parts.ts'
import { addProvider } from '../providers/add-provider.ts'
import { route } from '../route.ts'
import { seeWorkspace } from '../workspaces/see-workspace.ts'
import { seeIntegration } from './see-integration.ts'
import { limitedAccess, showAccess } from './show-access.ts'

type Wish = NonNullable<z.output<typeof IntegrationWorkspacesUpdate>['workspaces']>[number]

/**
 * Opens an integration to all workspaces or to some. Workspaces that are not named keep what they have, unless
 * `override_existing_workspace_access` is set. A workspace that is shut out keeps its providers; they serve nothing until
 * it is let in again.
 */
export const updateAccess = route({
  method: 'PUT',
  path: '/integrations/:slug/workspaces',
  summary: 'Say which workspaces may use an integration, and how much',
  scope: ['organisation_integrations.update'],
  body: IntegrationWorkspacesUpdate,
  reply: Nothing,
  async handle({ caller, params, body }, parts) {
    const override = body.override_existing_workspace_access ?? body.override_existing_workspaces_access ?? false
    await audited(parts, { caller, action: 'update', resource: 'integration-workspaces' }, async (tx, note) => {
      const now = parts.clock.now()
      const integration = await seeIntegration(tx, caller, params.slug)
      const before = await showAccess(tx, integration, parts)
      if (integration.workspaceId !== undefined)
        throw invalid('This integration belongs to one workspace; others cannot use it.')
      const { items: all } = await listWorkspaces(tx, caller.organisationId)
      const open = body.global_workspace_access ?? integration.globalWorkspaceAccess
      const wishes = await Promise.all(
        (body.workspaces ?? []).map(async (wish) => ({ wish, workspace: await seeWorkspace(tx, caller, wish.id) })),
      )
      if (open && wishes.some(({ wish }) => !wish.enabled)) {
        throw invalid(
          'workspaces: a single workspace cannot be shut out while global_workspace_access is on; turn that off first',
        )
      }

      // Closing the door for everybody leaves those inside who were there, by name.
      const inside = integration.globalWorkspaceAccess
        ? all.map(({ id }) => id)
        : await listIntegrationWorkspaceIds(tx, integration.id)
      for (const id of inside) {
        if (override) await denyIntegrationWorkspace(tx, integration.id, id)
        else if (!open) await allowIntegrationWorkspace(tx, integration.id, id)
      }
      for (const { wish, workspace } of wishes) {
        if (wish.enabled) await allowIntegrationWorkspace(tx, integration.id, workspace.id)
        else await denyIntegrationWorkspace(tx, integration.id, workspace.id)
      }
      await updateIntegration(tx, integration.id, { globalWorkspaceAccess: open }, now)

      const newcomers = open && !integration.globalWorkspaceAccess ? all : []
      for (const workspace of newcomers) {
        if (!wishes.some((named) => named.workspace.id === workspace.id))
          await ensureProvider(tx, caller, { integration, workspace }, parts, note)
      }
      for (const { wish, workspace } of wishes) {
        if (wish.enabled && wish.create_default_provider)
          await ensureProvider(tx, caller, { integration, workspace, wish }, parts, note)
        await setLimits(tx, caller, limitedAccess(integration, workspace), wish, now)
      }
      const { id } = integration
      note({ id, before, after: await showAccess(tx, await seeIntegration(tx, caller, id), parts) })
    })
    return {}
  },
})

interface Entrance {
  readonly integration: Integration
  readonly workspace: Workspace
  readonly wish?: Wish
}

/** A workspace that is let in gets a provider, unless it has one from an earlier time. */
async function ensureProvider(
  tx: Database,
  caller: AdminCaller,
  { integration, workspace, wish }: Entrance,
  parts: AdminParts,
  note: Note,
): Promise<void> {
  const has = await listProviders(tx, workspace.organisationId, {
    workspaceId: workspace.id,
    integrationId: integration.id,
  })
  if (has.total > 0) return
  const slug = wish?.default_provider_slug
  const name = slug ?? integration.slug
  const provider = { workspaceId: workspace.id, integrationId: integration.id, name, slug, note: null }
  await addProvider(tx, caller, provider, parts, note)
}
