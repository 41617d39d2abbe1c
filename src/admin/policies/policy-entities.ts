import type { z } from 'zod'
import type { PolicyEntity } from '../../contract/policies.ts'
import { ALL_OTHERS, bucketOf, groupIn } from '../../limits/bucket.ts'
import type { Bucket } from '../../limits/limit.ts'
import type { BudgetTerms } from '../../store/limits.ts'
import type { LimitedPolicy } from '../../store/policies.ts'
import { showState } from '../limits/show-limits.ts'
import type { LimitStates } from '../parts.ts'

/** One bucket of a policy: what one combination of values has used in the running period. */
export interface Entity {
  readonly bucket: Bucket
  readonly shown: z.output<typeof PolicyEntity>
}

/** Of a policy that groups by nothing. */
const ALL = 'all'

/** The buckets that were used in the running period, the fullest first. */
export function entitiesOf(policy: LimitedPolicy, states: LimitStates): Entity[] {
  const { terms } = policy.limit
  if (terms.kind !== 'budget') return []
  return states
    .buckets(policy.id)
    .map((bucket) => ({ bucket, state: states.state(policy.id, bucket) }))
    .toSorted((a, b) => Number((b.state?.spent ?? 0n) - (a.state?.spent ?? 0n)) || (a.bucket < b.bucket ? -1 : 1))
    .map(({ bucket, state }) => ({ bucket, shown: { ...nameEntity(policy, bucket), ...showState(terms, state) } }))
}

/** How a bucket of a budget stands, also one that nobody has used. */
export function showEntity(policy: LimitedPolicy, bucket: Bucket, terms: BudgetTerms, states: LimitStates) {
  return { ...nameEntity(policy, bucket), ...showState(terms, states.state(policy.id, bucket)) }
}

/** The bucket of a `value_key`; undefined when this policy cannot have it. */
export function bucketOfValueKey(policy: LimitedPolicy, valueKey: string): Bucket | undefined {
  if (policy.groupBy.length === 0) return valueKey === ALL ? policy.id : undefined
  const isGroup = valueKey === ALL_OTHERS || readValues(policy, valueKey) !== undefined
  return isGroup ? bucketOf(policy.id, valueKey) : undefined
}

/** The bucket of an entity’s id. */
export function bucketOfEntity(policy: LimitedPolicy, id: string): Bucket | undefined {
  return bucketOfValueKey(policy, id === ALL ? ALL : Buffer.from(id, 'base64url').toString('utf8'))
}

function nameEntity(policy: LimitedPolicy, bucket: Bucket) {
  const valueKey = groupIn(bucket) ?? ALL
  const values = readValues(policy, valueKey) ?? []
  return {
    id: valueKey === ALL ? ALL : Buffer.from(valueKey, 'utf8').toString('base64url'),
    value_key: valueKey,
    values: Object.fromEntries(values.map((value, index) => [policy.groupBy[index] ?? '', value])),
    object: 'usage_limits_policy_entity' as const,
  }
}

/** The values of a group as its bucket’s name has them: a JSON array, written as the rulebook writes it. */
function readValues({ groupBy }: LimitedPolicy, valueKey: string): readonly (string | null)[] | undefined {
  let values: unknown
  try {
    values = JSON.parse(valueKey)
  } catch {
    return undefined
  }
  const isGroup =
    Array.isArray(values) &&
    values.length === groupBy.length &&
    values.every((value) => value === null || typeof value === 'string') &&
    JSON.stringify(values) === valueKey
  return isGroup ? (values as (string | null)[]) : undefined
}
