import { ProviderQuery } from '../../contract/providers.ts'
import { VirtualKeyReference, VirtualKeyUpdate } from '../../contract/virtual-keys.ts'
import { findIntegration } from '../../store/integrations.ts'
import { updateProvider } from '../../store/providers.ts'
import { readExpiry } from '../api-keys/read-expiry.ts'
import { audited } from '../change.ts'
import { forbidden } from '../error.ts'
import { changeIntegration } from '../integrations/change-integration.ts'
import { setLimits } from '../limits/set-limits.ts'
import { seeProvider } from '../providers/see-provider.ts'
import { showProvider } from '../providers/show-provider.ts'
import { route } from '../route.ts'

export const updateVirtualKey = route({
  method: 'PUT',
  path: '/virtual-keys/:slug',
  summary: 'Change the name, note, credential, limits or end of a virtual key',
  scope: ['virtual_keys.update'],
  query: ProviderQuery,
  body: VirtualKeyUpdate,
  reply: VirtualKeyReference,
  async handle({ caller, params, query, body }, parts) {
    const { name, note, key, workspace_id: named, expires_at: end, ...limits } = body
    return audited(parts, { caller, action: 'update', resource: 'provider' }, async (tx, tell) => {
      const provider = await seeProvider(tx, caller, params.slug, named ?? query.workspace_id)
      const { id, slug, workspaceId } = provider
      const before = await showProvider(tx, provider, parts)
      const now = parts.clock.now()
      if (key !== undefined) {
        const integration = await findIntegration(tx, caller.organisationId, provider.integrationId)
        if (integration?.workspaceId !== workspaceId) {
          throw forbidden(`key: @${slug} uses an account of the organisation. Change it with PUT /v1/integrations.`)
        }
        await changeIntegration(tx, caller, integration, { key }, parts, tell)
      }
      const patch = {
        ...(name !== undefined && { name }),
        ...(note !== undefined && { note }),
        ...(end !== undefined && { expiresAt: readExpiry(end, now) ?? null }),
      }
      await updateProvider(tx, id, patch, now)
      const limited = { organisationId: caller.organisationId, workspaceId, level: 'provider', subjectId: id } as const
      await setLimits(tx, caller, limited, limits, now)
      tell({
        id,
        workspaceId,
        before,
        after: await showProvider(tx, await seeProvider(tx, caller, id, workspaceId), parts),
      })
      return { id, slug, object: 'virtual-key' as const }
    })
  },
})
