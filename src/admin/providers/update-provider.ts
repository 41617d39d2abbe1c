import { ProviderQuery, ProviderReferenceAnswer, ProviderUpdate } from '../../contract/providers.ts'
import * as providers from '../../store/providers.ts'
import { change } from '../change.ts'
import { route } from '../route.ts'
import { seeProvider } from './see-provider.ts'

export const updateProvider = route({
  method: 'PUT',
  path: '/providers/:slug',
  summary: 'Change the name or note of a provider',
  scope: ['providers.update', 'virtual_keys.update'],
  query: ProviderQuery,
  body: ProviderUpdate,
  reply: ProviderReferenceAnswer,
  async handle({ caller, params, query, body: { name, note, ...body } }, parts) {
    return change(parts, `provider ${params.slug}`, async (tx) => {
      const { id, slug } = await seeProvider(tx, caller, params.slug, body.workspace_id ?? query.workspace_id)
      const patch = { ...(name !== undefined && { name }), ...(note !== undefined && { note }) }
      await providers.updateProvider(tx, id, patch, parts.clock.now())
      return { id, slug }
    })
  },
})
