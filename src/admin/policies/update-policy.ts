import type { z } from 'zod'
import { Nothing } from '../../contract/fields.ts'
import { WINDOWS, budgetProblems, rateProblems, toBudget } from '../../contract/limits.ts'
import { RatePolicyUpdate, UsagePolicyUpdate } from '../../contract/policies.ts'
import { updateLimit, type BudgetTerms } from '../../store/limits.ts'
import { resetBucket, updatePolicy } from '../../store/policies.ts'
import { audited } from '../change.ts'
import { invalid } from '../error.ts'
import { showBudgetTerms } from '../limits/show-limits.ts'
import { route } from '../route.ts'
import { bucketOfValueKey } from './policy-entities.ts'
import { seePolicy } from './see-policy.ts'
import { showRatePolicy, showUsagePolicy } from './show-policy.ts'

/** What was counted still counts: raising the amount opens at once, lowering it below what is spent closes with the next request. */
export const updateUsagePolicy = route({
  method: 'PUT',
  path: '/policies/usage-limits/:id',
  summary: 'Change the name, amount or period of a budget with conditions, or begin it anew',
  scope: ['policies.update'],
  body: UsagePolicyUpdate,
  reply: Nothing,
  async handle({ caller, params, body }, parts) {
    await audited(parts, { caller, action: 'update', resource: 'usage-policy' }, async (tx, note) => {
      const now = parts.clock.now()
      const policy = await seePolicy(tx, caller, 'usage-limits', params.id)
      const { id, limit, workspaceId } = policy
      if (limit.terms.kind !== 'budget') throw new Error(`The policy ${id} should have a budget.`)
      await updatePolicy(tx, id, nameOf(body), now)
      const terms = changeTerms(limit.terms, body)
      await updateLimit(tx, id, { terms, ...(body.reset_usage === true && { since: now }) }, now)
      if (body.reset_usage_for_value !== undefined) {
        const bucket = bucketOfValueKey(policy, body.reset_usage_for_value)
        if (bucket === undefined) throw invalid('reset_usage_for_value: is no key of this policy’s value_key_usage_map')
        await resetBucket(tx, bucket, now)
      }
      const after = await seePolicy(tx, caller, 'usage-limits', id)
      note({
        id,
        workspaceId,
        before: showUsagePolicy(policy, parts.limits),
        after: showUsagePolicy(after, parts.limits),
      })
    })
    return {}
  },
})

export const updateRatePolicy = route({
  method: 'PUT',
  path: '/policies/rate-limits/:id',
  summary: 'Change the name, window or value of a rate limit with conditions',
  scope: ['policies.update'],
  body: RatePolicyUpdate,
  reply: Nothing,
  async handle({ caller, params, body }, parts) {
    await audited(parts, { caller, action: 'update', resource: 'rate-policy' }, async (tx, note) => {
      const now = parts.clock.now()
      const policy = await seePolicy(tx, caller, 'rate-limits', params.id)
      const { id, limit, workspaceId } = policy
      if (limit.terms.kind !== 'rate') throw new Error(`The policy ${id} should have a rate limit.`)
      const { unit, value = limit.terms.value } = body
      if (limit.terms.unit === 'concurrency') refuse(rateProblems({ type: 'concurrency', unit, value }))
      const windowMs = unit === undefined || unit === null ? limit.terms.windowMs : WINDOWS[unit]
      await updatePolicy(tx, id, nameOf(body), now)
      await updateLimit(tx, id, { terms: { ...limit.terms, value, windowMs } }, now)
      const after = await seePolicy(tx, caller, 'rate-limits', id)
      note({ id, workspaceId, before: showRatePolicy(policy), after: showRatePolicy(after) })
    })
    return {}
  },
})

function nameOf({ name, description }: { name?: string | undefined; description?: string | null | undefined }) {
  return { ...(name !== undefined && { name }), ...(description !== undefined && { description }) }
}

/** What is left out stays. Either of the two names of a period replaces both, and so it is with thresholds. */
function changeTerms(before: BudgetTerms, wanted: z.output<typeof UsagePolicyUpdate>): BudgetTerms {
  const { alert_threshold: _, ...shown } = showBudgetTerms(before)
  const hasPeriod = wanted.periodic_reset !== undefined || wanted.periodic_reset_days !== undefined
  const hasThreshold = wanted.alert_threshold !== undefined || wanted.alert_thresholds !== undefined
  const written = {
    ...shown,
    ...(wanted.credit_limit !== undefined && { credit_limit: wanted.credit_limit }),
    ...(wanted.enforcement !== undefined && { enforcement: wanted.enforcement }),
    ...(wanted.mode !== undefined && { mode: wanted.mode }),
    ...(hasPeriod && { periodic_reset: wanted.periodic_reset, periodic_reset_days: wanted.periodic_reset_days }),
    ...(hasThreshold && { alert_threshold: wanted.alert_threshold, alert_thresholds: wanted.alert_thresholds }),
  }
  refuse(budgetProblems(written))
  return toBudget(written)
}

/** What several members make together is seen only with those that stay. */
function refuse(problems: ReturnType<typeof budgetProblems>): void {
  if (problems.length === 0) return
  throw invalid(problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'))
}
