import { z } from 'zod'
import { nearestName } from '../core/spelling.ts'
import { idOrSlug, list, name, page, remark, stamps, strict } from './fields.ts'
import { budgetMembers, budgetProblems, rateMembers, rateProblems, resetUsage } from './limits.ts'

/*
 * A policy is a limit of whatever its conditions name: a budget or a rate limit for everybody, or for each person, each model of a team, and so
 * on. It lives in one workspace or in the whole organisation.
 */

const CONDITIONS_MAX = 20
const VALUES_MAX = 100
const GROUPS_MAX = 5
const VALUE_CHARACTERS_MAX = 256

/** What conditions and groups may look at; tags are `metadata.<name>` besides. */
export const POLICY_KEYS = [
  'api_key',
  'user',
  'workspace_id',
  'organisation_id',
  'virtual_key',
  'provider',
  'model',
  'config',
  'prompt',
  'endpoint_type',
] as const

const key = z
  .string()
  .max(140)
  .superRefine((value, context) => {
    if ((POLICY_KEYS as readonly string[]).includes(value) || /^metadata\..{1,128}$/.test(value)) return
    const meant = nearestName(value, POLICY_KEYS)
    const hint =
      meant === undefined ? `known are ${POLICY_KEYS.join(', ')} and metadata.<name>` : `did you mean ${meant}?`
    context.addIssue({ code: 'custom', message: `${JSON.stringify(value.slice(0, 64))} is not known here; ${hint}` })
  })

const value = z.string().min(1).max(VALUE_CHARACTERS_MAX)

const condition = strict({
  key,
  value: z
    .union([value, z.array(value).min(1).max(VALUES_MAX)], {
      error: `has to be a text of 1 to ${VALUE_CHARACTERS_MAX} characters, or an array of 1 to ${VALUES_MAX} of them`,
    })
    .meta({ description: 'One value, or several of which one has to fit; * fits everything.' }),
  excludes: z.boolean().default(false).meta({ description: 'Turns the condition around.' }),
}).superRefine(({ key: about, value: written, excludes }, context) => {
  const values = [written].flat()
  const refuse = (message: string) => context.addIssue({ code: 'custom', path: ['value'], message })
  if (excludes && values.includes('*')) refuse('would never apply: * fits everything, and is excluded')
  if (values.length > 1 && values.includes('*')) refuse('* fits everything; leave the others out')
  const starred = values.filter((one) => one !== '*' && one.includes('*'))
  if (starred.some((one) => about !== 'model' || one.indexOf('*') !== one.length - 1)) {
    refuse('a * stands alone, or at the end of a model’s name')
  }
  if (about === 'endpoint_type' && values.some((one) => !['*', 'messages', 'count_tokens'].includes(one))) {
    refuse('has to be messages or count_tokens')
  }
})

const groups = z
  .array(z.union([strict({ key }), key.transform((written) => ({ key: written }))]))
  .max(GROUPS_MAX)
  .superRefine((written, context) => {
    for (const [index, group] of written.entries()) {
      if (written.findIndex((other) => other.key === group.key) < index) {
        context.addIssue({ code: 'custom', path: [index], message: 'is there twice' })
      }
    }
  })

const about = {
  name: name.default('Unnamed policy'),
  description: z.string().trim().max(500).nullable().optional(),
  conditions: z
    .array(condition)
    .max(CONDITIONS_MAX)
    .default([])
    .meta({ description: 'All have to hold; none hold for everybody.' }),
  group_by: groups.default([]).meta({ description: 'Each combination of their values has an amount of its own.' }),
  workspace_id: idOrSlug
    .optional()
    .meta({ description: 'Without, an administrator’s policy is one of the whole organisation.' }),
  organisation_id: z.string().max(255).optional(),
  target: z.literal('llm', { error: 'this version has policies for models only (llm)' }).optional(),
}

const fixed = z.never({ error: 'cannot be changed; make another policy and delete this one' }).optional()
const FIXED = {
  conditions: fixed,
  group_by: fixed,
  type: fixed,
  workspace_id: fixed,
  organisation_id: fixed,
  target: fixed,
}

/** Whether a body is far enough for problems that several members make together. */
const ANY_OBJECT = { when: ({ value: body }: { value: unknown }) => typeof body === 'object' && body !== null }

export const UsagePolicyCreate = strict({ ...about, ...budgetMembers }).superRefine((body, context) => {
  for (const { path, message } of budgetProblems(body)) context.addIssue({ code: 'custom', path: [...path], message })
}, ANY_OBJECT)

const { type: _type, credit_limit: limit, enforcement, mode, ...more } = budgetMembers

export const UsagePolicyUpdate = strict({
  name: name.optional(),
  description: remark.optional(),
  credit_limit: limit.optional(),
  ...more,
  enforcement: enforcement.unwrap().optional(),
  mode: mode.unwrap().optional(),
  reset_usage: resetUsage,
  reset_usage_for_value: z
    .string()
    .max(2_000)
    .optional()
    .meta({ description: 'A key of value_key_usage_map: this one begins anew.' }),
  ...FIXED,
})

export const RatePolicyCreate = strict({ ...about, ...rateMembers }).superRefine((body, context) => {
  for (const { path, message } of rateProblems(body)) context.addIssue({ code: 'custom', path: [...path], message })
}, ANY_OBJECT)

export const RatePolicyUpdate = strict({
  name: name.optional(),
  description: remark.optional(),
  unit: rateMembers.unit,
  value: rateMembers.value.optional(),
  ...FIXED,
})

export const PolicyListQuery = strict({
  ...page,
  workspace_id: idOrSlug.optional(),
  name: z.string().max(255).optional().meta({ description: 'Part of the name.' }),
  type: z.enum(['cost', 'tokens', 'requests', 'concurrency']).optional(),
  status: z.enum(['active', 'archived']).optional(),
})

export const PolicyReadQuery = strict({
  include_usage: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'With value_key_usage_map: how each combination of values stands.' }),
  status: z.enum(['active', 'archived']).optional(),
})

export const EntityQuery = strict({
  ...page,
  status: z.enum(['active', 'exhausted']).optional(),
  search: z.string().max(255).optional().meta({ description: 'Part of a value, in any case of letters.' }),
})

export const PolicyCreated = z.object({ id: z.string(), object: z.string() })

const amount = z.union([z.number(), z.string()])

const usage = {
  current_usage: amount,
  held: amount,
  remaining: amount,
  next_usage_reset_at: z.string().nullable(),
  status: z.enum(['active', 'exhausted']),
}

const shown = {
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  conditions: z.array(
    z.object({ key: z.string(), value: z.union([z.string(), z.array(z.string())]), excludes: z.boolean() }),
  ),
  group_by: z.array(z.object({ key: z.string() })),
  workspace_id: z.string().nullable(),
  organisation_id: z.string(),
  target: z.literal('llm'),
  status: z.literal('active'),
  ...stamps,
}

export const UsagePolicy = z.object({
  ...shown,
  type: z.enum(['cost', 'tokens', 'requests']),
  credit_limit: amount,
  alert_threshold: amount.nullable(),
  alert_thresholds: z.array(amount),
  periodic_reset: z.enum(['daily', 'weekly', 'monthly']).nullable(),
  periodic_reset_days: z.number().int().nullable(),
  enforcement: z.enum(['hard', 'soft']),
  mode: z.enum(['strict', 'tight']),
  next_usage_reset_at: z.string().nullable(),
  value_key_usage_map: z.record(z.string(), z.object(usage)).optional(),
  object: z.literal('usage_limits_policy'),
})

export const UsagePolicyList = list(UsagePolicy)

export const RatePolicy = z.object({
  ...shown,
  type: z.enum(['requests', 'tokens', 'concurrency']),
  unit: z.enum(['rps', 'rpm', 'rph', 'rpd', 'rpw']).nullable(),
  value: z.number().int(),
  object: z.literal('rate_limits_policy'),
})

export const RatePolicyList = list(RatePolicy)

export const PolicyEntity = z.object({
  id: z.string(),
  value_key: z.string(),
  values: z.record(z.string(), z.string().nullable()),
  ...usage,
  object: z.literal('usage_limits_policy_entity'),
})

export const PolicyEntityList = list(PolicyEntity)
