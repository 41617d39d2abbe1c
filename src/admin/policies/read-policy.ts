import { PolicyReadQuery, RatePolicy, UsagePolicy } from '../../contract/policies.ts'
import { missing } from '../error.ts'
import { route } from '../route.ts'
import { seePolicy } from './see-policy.ts'
import { showRatePolicy, showUsagePolicy } from './show-policy.ts'

export const readUsagePolicy = route({
  method: 'GET',
  path: '/policies/usage-limits/:id',
  summary: 'Read a budget with conditions',
  scope: ['policies.read'],
  query: PolicyReadQuery,
  reply: UsagePolicy,
  async handle({ caller, params, query }, { store, limits }) {
    refuseArchived(params.id, query)
    const policy = await seePolicy(store.db, caller, 'usage-limits', params.id)
    return showUsagePolicy(policy, limits, { withUsage: query.include_usage === 'true' })
  },
})

export const readRatePolicy = route({
  method: 'GET',
  path: '/policies/rate-limits/:id',
  summary: 'Read a rate limit with conditions',
  scope: ['policies.read'],
  query: PolicyReadQuery,
  reply: RatePolicy,
  async handle({ caller, params, query }, { store }) {
    refuseArchived(params.id, query)
    return showRatePolicy(await seePolicy(store.db, caller, 'rate-limits', params.id))
  },
})

/** Portkey archives policies; here they are deleted. */
function refuseArchived(id: string, { status }: { readonly status?: 'active' | 'archived' | undefined }): void {
  if (status === 'archived') throw missing(`The archived policy ${id}`)
}
