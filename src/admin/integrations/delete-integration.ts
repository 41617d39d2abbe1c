import { Nothing } from '../../contract/fields.ts'
import * as integrations from '../../store/integrations.ts'
import { deleteLimitsOf } from '../../store/limits.ts'
import { listProviders } from '../../store/providers.ts'
import { listWorkspaces } from '../../store/workspaces.ts'
import { audited } from '../change.ts'
import { removeProvider } from '../providers/remove-provider.ts'
import { route } from '../route.ts'
import { describeIntegration } from './describe-integration.ts'
import { seeIntegration } from './see-integration.ts'
import { limitedAccess } from './show-access.ts'

/** Its providers go with it: creating an integration made them, so deleting it has to be able to take them back. */
export const deleteIntegration = route({
  method: 'DELETE',
  path: '/integrations/:slug',
  summary: 'Delete an integration, its credential and its providers',
  scope: ['organisation_integrations.delete'],
  reply: Nothing,
  async handle({ caller, params }, parts) {
    await audited(parts, { caller, action: 'delete', resource: 'integration' }, async (tx, note) => {
      const integration = await seeIntegration(tx, caller, params.slug)
      const { id: integrationId, workspaceId } = integration
      note({ id: integrationId, workspaceId, before: await describeIntegration(tx, caller, integration) })
      const everyOne = { offset: 0, limit: 100_000 }
      const { items: providers } = await listProviders(tx, caller.organisationId, { integrationId }, everyOne)
      for (const provider of providers) await removeProvider(tx, caller.organisationId, provider, parts, note)
      const { items: workspaces } = await listWorkspaces(tx, caller.organisationId)
      const limited = workspaces.map((workspace) => limitedAccess(integration, workspace).subjectId)
      await deleteLimitsOf(tx, 'integration', limited)
      await integrations.deleteIntegration(tx, integrationId)
    })
    return {}
  },
})
