import type { z } from 'zod'
import type { RatePolicy, UsagePolicy } from '../../contract/policies.ts'
import type { LimitedPolicy } from '../../store/policies.ts'
import { showBudgetTerms, showRateTerms, showState } from '../limits/show-limits.ts'
import type { LimitStates } from '../parts.ts'
import { showMoment } from '../show-moment.ts'
import { entitiesOf } from './policy-entities.ts'

/** Of `value_key_usage_map`; the endpoint for entities has all of them, page by page. */
const USAGES_SHOWN = 1_000

export function showUsagePolicy(
  policy: LimitedPolicy,
  states: LimitStates,
  options: { readonly withUsage?: boolean } = {},
): z.output<typeof UsagePolicy> {
  const { terms } = policy.limit
  if (terms.kind !== 'budget') throw new Error(`The policy ${policy.id} should have a budget.`)
  return {
    ...showPolicy(policy),
    ...showBudgetTerms(terms),
    next_usage_reset_at: showState(terms, states.state(policy.id)).next_usage_reset_at,
    ...(options.withUsage === true && { value_key_usage_map: showUsages(policy, states) }),
    object: 'usage_limits_policy',
  }
}

export function showRatePolicy(policy: LimitedPolicy): z.output<typeof RatePolicy> {
  const { terms } = policy.limit
  if (terms.kind !== 'rate') throw new Error(`The policy ${policy.id} should have a rate limit.`)
  return { ...showPolicy(policy), ...showRateTerms(terms), object: 'rate_limits_policy' }
}

function showPolicy(policy: LimitedPolicy) {
  return {
    id: policy.id,
    name: policy.name,
    description: policy.description,
    conditions: policy.conditions.map(({ key, value, excludes = false }) => ({
      key,
      value: typeof value === 'string' ? value : [...value],
      excludes,
    })),
    group_by: policy.groupBy.map((key) => ({ key })),
    workspace_id: policy.workspaceId ?? null,
    organisation_id: policy.organisationId,
    target: 'llm' as const,
    status: 'active' as const,
    created_at: showMoment(policy.createdAt),
    last_updated_at: showMoment(policy.updatedAt),
  }
}

function showUsages(policy: LimitedPolicy, states: LimitStates) {
  const shown = entitiesOf(policy, states).slice(0, USAGES_SHOWN)
  return Object.fromEntries(
    shown.map(({ shown: { current_usage, held, remaining, next_usage_reset_at, status, value_key: key } }) => [
      key,
      { current_usage, held, remaining, next_usage_reset_at, status },
    ]),
  )
}
