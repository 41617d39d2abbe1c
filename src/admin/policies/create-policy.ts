import { toBudget, toRate } from '../../contract/limits.ts'
import { PolicyCreated, RatePolicyCreate, UsagePolicyCreate } from '../../contract/policies.ts'
import { newId } from '../../core/ids.ts'
import type { PolicyCondition } from '../../limits/policy-conditions.ts'
import type { Database } from '../../store/database.ts'
import { insertLimit, type LimitTerms } from '../../store/limits.ts'
import { insertPolicy, type LimitedPolicy, type PolicyKind } from '../../store/policies.ts'
import type { AdminCaller } from '../caller.ts'
import { audited } from '../change.ts'
import { invalid } from '../error.ts'
import { route } from '../route.ts'
import { seeWorkspace } from '../workspaces/see-workspace.ts'
import { resolveConditions } from './resolve-conditions.ts'
import { seePolicy } from './see-policy.ts'
import { showRatePolicy, showUsagePolicy } from './show-policy.ts'

export const createUsagePolicy = route({
  method: 'POST',
  path: '/policies/usage-limits',
  summary: 'Make a budget for whatever its conditions name',
  scope: ['policies.create'],
  body: UsagePolicyCreate,
  reply: PolicyCreated,
  async handle({ caller, body }, parts) {
    return audited(parts, { caller, action: 'create', resource: 'usage-policy' }, async (tx, note) => {
      const policy = await create(tx, caller, 'usage-limits', body, toBudget(body), parts.clock.now())
      note({ id: policy.id, workspaceId: policy.workspaceId, after: showUsagePolicy(policy, parts.limits) })
      return { id: policy.id, object: 'usage_limits_policy' }
    })
  },
})

export const createRatePolicy = route({
  method: 'POST',
  path: '/policies/rate-limits',
  summary: 'Make a rate limit for whatever its conditions name',
  scope: ['policies.create'],
  body: RatePolicyCreate,
  reply: PolicyCreated,
  async handle({ caller, body }, parts) {
    return audited(parts, { caller, action: 'create', resource: 'rate-policy' }, async (tx, note) => {
      const policy = await create(tx, caller, 'rate-limits', body, toRate(body), parts.clock.now())
      note({ id: policy.id, workspaceId: policy.workspaceId, after: showRatePolicy(policy) })
      return { id: policy.id, object: 'rate_limits_policy' }
    })
  },
})

interface Wanted {
  readonly name: string
  readonly description?: string | null | undefined
  readonly conditions: readonly PolicyCondition[]
  readonly group_by: readonly { readonly key: string }[]
  readonly workspace_id?: string | undefined
  readonly organisation_id?: string | undefined
}

async function create(
  tx: Database,
  caller: AdminCaller,
  kind: PolicyKind,
  wanted: Wanted,
  terms: LimitTerms,
  now: number,
): Promise<LimitedPolicy> {
  const { organisationId } = caller
  if ((wanted.organisation_id ?? organisationId) !== organisationId) {
    throw invalid('organisation_id: is another one than the caller’s')
  }
  const named = wanted.workspace_id ?? caller.workspaceId
  const workspaceId = named === undefined ? undefined : (await seeWorkspace(tx, caller, named)).id
  const id = newId<'policy'>(now)
  const stamps = { createdAt: now, updatedAt: now }
  await insertPolicy(tx, {
    id,
    organisationId,
    workspaceId,
    kind,
    name: wanted.name,
    description: wanted.description ?? null,
    conditions: await resolveConditions(tx, { organisationId, workspaceId }, wanted.conditions),
    groupBy: wanted.group_by.map(({ key }) => key),
    ...stamps,
  })
  // A policy and its limit have one id, so that buckets are named after the policy.
  await insertLimit(tx, {
    id,
    organisationId,
    workspaceId,
    level: 'policy',
    subjectId: id,
    terms,
    since: now,
    ...stamps,
  })
  return seePolicy(tx, caller, kind, id)
}
