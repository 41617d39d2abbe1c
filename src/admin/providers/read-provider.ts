import { Provider, ProviderQuery } from '../../contract/providers.ts'
import { route } from '../route.ts'
import { seeProvider } from './see-provider.ts'
import { showProvider } from './show-provider.ts'

export const readProvider = route({
  method: 'GET',
  path: '/providers/:slug',
  summary: 'Read a provider',
  scope: ['providers.read', 'providers.list', 'virtual_keys.read'],
  query: ProviderQuery,
  reply: Provider,
  async handle({ caller, params, query }, parts) {
    const { db } = parts.store
    return showProvider(db, await seeProvider(db, caller, params.slug, query.workspace_id), parts)
  },
})
