import type { z } from 'zod'
import { PolicyListQuery, RatePolicyList, UsagePolicyList } from '../../contract/policies.ts'
import type { Page } from '../../store/page.ts'
import { listPolicies, type LimitedPolicy, type PolicyKind } from '../../store/policies.ts'
import type { AdminCaller } from '../caller.ts'
import { showPage, windowOf } from '../page.ts'
import type { AdminParts } from '../parts.ts'
import { route } from '../route.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'
import { showRatePolicy, showUsagePolicy } from './show-policy.ts'

export const listUsagePolicies = route({
  method: 'GET',
  path: '/policies/usage-limits',
  summary: 'List budgets with conditions',
  scope: ['policies.list'],
  query: PolicyListQuery,
  reply: UsagePolicyList,
  async handle({ caller, query }, parts) {
    const page = await list(caller, 'usage-limits', query, parts)
    return showPage(page, (policy) => showUsagePolicy(policy, parts.limits))
  },
})

export const listRatePolicies = route({
  method: 'GET',
  path: '/policies/rate-limits',
  summary: 'List rate limits with conditions',
  scope: ['policies.list'],
  query: PolicyListQuery,
  reply: RatePolicyList,
  async handle({ caller, query }, parts) {
    return showPage(await list(caller, 'rate-limits', query, parts), showRatePolicy)
  },
})

async function list(
  caller: AdminCaller,
  kind: PolicyKind,
  query: z.output<typeof PolicyListQuery>,
  { store }: AdminParts,
): Promise<Page<LimitedPolicy>> {
  const workspaceId = await scopeOf(store.db, caller, query.workspace_id)
  // Portkey archives policies; here they are deleted.
  if (query.status === 'archived') return { items: [], total: 0 }
  const { items } = await listPolicies(store.db, caller.organisationId, {
    kind,
    ...(workspaceId !== undefined && { workspaceId }),
    ...(query.name !== undefined && { namePart: query.name }),
  })
  const found = query.type === undefined ? items : items.filter(({ limit }) => limit.terms.unit === query.type)
  const { offset, limit } = windowOf(query)
  return { items: found.slice(offset, offset + limit), total: found.length }
}
