import { ProviderQuery, ProviderReferenceAnswer, ProviderUpdate } from '../../contract/providers.ts'
import * as providers from '../../store/providers.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { seeProvider } from './see-provider.ts'
import { showProvider } from './show-provider.ts'

export const updateProvider = route({
  method: 'PUT',
  path: '/providers/:slug',
  summary: 'Change the name or note of a provider',
  scope: ['providers.update', 'virtual_keys.update'],
  query: ProviderQuery,
  body: ProviderUpdate,
  reply: ProviderReferenceAnswer,
  async handle({ caller, params, query, body: { name, note, ...body } }, parts) {
    return audited(parts, { caller, action: 'update', resource: 'provider' }, async (tx, tell) => {
      const provider = await seeProvider(tx, caller, params.slug, body.workspace_id ?? query.workspace_id)
      const patch = { ...(name !== undefined && { name }), ...(note !== undefined && { note }) }
      await providers.updateProvider(tx, provider.id, patch, parts.clock.now())
      const { id, slug, workspaceId } = provider
      const after = await seeProvider(tx, caller, id, workspaceId)
      tell({ id, workspaceId, before: showProvider(provider), after: showProvider(after) })
      return { id, slug }
    })
  },
})
