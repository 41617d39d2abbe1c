import { ProviderQuery } from '../../contract/providers.ts'
import { VirtualKey } from '../../contract/virtual-keys.ts'
import { missing } from '../error.ts'
import { seeProvider } from '../providers/see-provider.ts'
import { route } from '../route.ts'
import { showVirtualKeys } from './show-virtual-key.ts'

export const readVirtualKey = route({
  method: 'GET',
  path: '/virtual-keys/:slug',
  summary: 'Read a provider in the shape of a virtual key',
  scope: ['virtual_keys.read', 'providers.read'],
  query: ProviderQuery,
  reply: VirtualKey,
  async handle({ caller, params, query }, parts) {
    const { db } = parts.store
    const provider = await seeProvider(db, caller, params.slug, query.workspace_id)
    const [shown] = await showVirtualKeys(db, caller, [provider], parts)
    if (shown === undefined) throw missing(`The virtual key ${params.slug}`)
    return shown
  },
})
