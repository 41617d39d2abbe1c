import { Nothing } from '../../contract/fields.ts'
import { ProviderQuery } from '../../contract/providers.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { removeProvider } from './remove-provider.ts'
import { seeProvider } from './see-provider.ts'

/** Requests that still name the provider are refused from then on; what it has cost stays in the ledger. */
export const deleteProvider = route({
  method: 'DELETE',
  path: '/providers/:slug',
  summary: 'Take a provider away from its workspace',
  scope: ['providers.delete', 'virtual_keys.delete'],
  query: ProviderQuery,
  reply: Nothing,
  async handle({ caller, params, query }, parts) {
    await audited(parts, { caller, action: 'delete', resource: 'provider' }, async (tx, note) => {
      const provider = await seeProvider(tx, caller, params.slug, query.workspace_id)
      await removeProvider(tx, caller.organisationId, provider, parts, note)
    })
    return {}
  },
})
