import { Nothing } from '../../contract/fields.ts'
import { ProviderQuery } from '../../contract/providers.ts'
import { change } from '../change.ts'
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
    await change(parts, `provider ${params.slug}`, async (tx) => {
      const provider = await seeProvider(tx, caller, params.slug, query.workspace_id)
      await removeProvider(tx, caller.organisationId, provider, parts)
    })
    return {}
  },
})
