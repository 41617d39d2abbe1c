import { Nothing } from '../../contract/fields.ts'
import { ProviderQuery } from '../../contract/providers.ts'
import { deleteIntegration, findIntegration } from '../../store/integrations.ts'
import { listProviders } from '../../store/providers.ts'
import { audited } from '../change.ts'
import { describeIntegration } from '../integrations/describe-integration.ts'
import { removeProvider } from '../providers/remove-provider.ts'
import { seeProvider } from '../providers/see-provider.ts'
import { route } from '../route.ts'

/** The credential goes too, when it was the workspace's own and no other provider uses it. */
export const deleteVirtualKey = route({
  method: 'DELETE',
  path: '/virtual-keys/:slug',
  summary: 'Take a virtual key away, with a credential that nothing else uses',
  scope: ['virtual_keys.delete'],
  query: ProviderQuery,
  reply: Nothing,
  async handle({ caller, params, query }, parts) {
    await audited(parts, { caller, action: 'delete', resource: 'provider' }, async (tx, note) => {
      const provider = await seeProvider(tx, caller, params.slug, query.workspace_id)
      await removeProvider(tx, caller.organisationId, provider, parts, note)
      const { organisationId } = caller
      const integration = await findIntegration(tx, organisationId, provider.integrationId)
      if (integration?.workspaceId !== provider.workspaceId) return
      const { total } = await listProviders(tx, organisationId, { integrationId: integration.id })
      if (total > 0) return
      const before = await describeIntegration(tx, caller, integration)
      await deleteIntegration(tx, integration.id)
      note({ resource: 'integration', workspaceId: provider.workspaceId, id: integration.id, before })
    })
    return {}
  },
})
