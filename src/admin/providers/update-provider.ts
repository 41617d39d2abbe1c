import { ProviderQuery, ProviderReferenceAnswer, ProviderUpdate } from '../../contract/providers.ts'
import * as providers from '../../store/providers.ts'
import { readExpiry } from '../api-keys/read-expiry.ts'
import { audited } from '../change.ts'
import { setLimits } from '../limits/set-limits.ts'
import { route } from '../route.ts'
import { seeProvider } from './see-provider.ts'
import { showProvider } from './show-provider.ts'

export const updateProvider = route({
  method: 'PUT',
  path: '/providers/:slug',
  summary: 'Change the name, note, limits or end of a provider',
  scope: ['providers.update', 'virtual_keys.update'],
  query: ProviderQuery,
  body: ProviderUpdate,
  reply: ProviderReferenceAnswer,
  async handle(
    { caller, params, query, body: { name, note, workspace_id: named, expires_at: end, ...limits } },
    parts,
  ) {
    return audited(parts, { caller, action: 'update', resource: 'provider' }, async (tx, tell) => {
      const provider = await seeProvider(tx, caller, params.slug, named ?? query.workspace_id)
      const before = await showProvider(tx, provider, parts)
      const now = parts.clock.now()
      const patch = {
        ...(name !== undefined && { name }),
        ...(note !== undefined && { note }),
        ...(end !== undefined && { expiresAt: readExpiry(end, now) ?? null }),
      }
      await providers.updateProvider(tx, provider.id, patch, now)
      const { id, slug, workspaceId } = provider
      const limited = { organisationId: caller.organisationId, workspaceId, level: 'provider', subjectId: id } as const
      await setLimits(tx, caller, limited, limits, now)
      const after = await showProvider(tx, await seeProvider(tx, caller, id, workspaceId), parts)
      tell({ id, workspaceId, before, after })
      return { id, slug }
    })
  },
})
