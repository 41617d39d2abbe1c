import { ProviderList, ProviderListQuery } from '../../contract/providers.ts'
import * as providers from '../../store/providers.ts'
import { showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'
import { showProviders } from './show-provider.ts'

export const listProviders = route({
  method: 'GET',
  path: '/providers',
  summary: 'List providers',
  scope: ['providers.list', 'virtual_keys.list'],
  query: ProviderListQuery,
  reply: ProviderList,
  async handle({ caller, query }, parts) {
    const { store } = parts
    const workspaceId = await scopeOf(store.db, caller, query.workspace_id)
    const { items, total } = await providers.listProviders(
      store.db,
      caller.organisationId,
      workspaceId === undefined ? {} : { workspaceId },
      windowOf(query),
    )
    return showPage({ items: await showProviders(store.db, items, parts), total }, (provider) => provider)
  },
})
