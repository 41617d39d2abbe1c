import { ProviderListQuery } from '../../contract/providers.ts'
import { VirtualKeyList } from '../../contract/virtual-keys.ts'
import { listProviders } from '../../store/providers.ts'
import { showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'
import { showVirtualKeys } from './show-virtual-key.ts'

export const listVirtualKeys = route({
  method: 'GET',
  path: '/virtual-keys',
  summary: 'List providers in the shape of virtual keys',
  scope: ['virtual_keys.list', 'providers.list'],
  query: ProviderListQuery,
  reply: VirtualKeyList,
  async handle({ caller, query }, parts) {
    const { db } = parts.store
    const workspaceId = await scopeOf(db, caller, query.workspace_id)
    const filter = workspaceId === undefined ? {} : { workspaceId }
    const { items, total } = await listProviders(db, caller.organisationId, filter, windowOf(query))
    return showPage({ items: await showVirtualKeys(db, caller, items, parts), total }, (key) => key)
  },
})
