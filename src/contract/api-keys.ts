import { z } from 'zod'
import {
  configReference,
  email,
  errorFormat,
  flag,
  idOrSlug,
  list,
  metadata,
  moment,
  name,
  page,
  providerReference,
  remark,
  stamps,
  strict,
} from './fields.ts'
import { limitMembers, resetUsage, singleLimits } from './limits.ts'
import { recordsMember, ShownRecords } from './records.ts'
import { scope } from './scopes.ts'

/* A key is what a developer puts into Claude Code, or an administrator into a script. It is shown once. */

export const keyType = z.enum(['organisation-service', 'workspace-service', 'workspace-user'])
export type KeyType = z.infer<typeof keyType>

const defaults = strict({
  provider: providerReference.nullable().optional().meta({ description: 'Serves requests that name no provider.' }),
  config_id: configReference.nullable().optional().meta({ description: 'Followed by requests that name no config.' }),
  metadata: metadata.nullable().optional(),
  allow_config_override: flag
    .nullable()
    .optional()
    .meta({ description: 'Whether a request may name another config; it may without.' }),
  error_format: errorFormat.nullable().optional(),
})

/** For half an hour at least the secret before works too: long enough to bring the new one to where it is used. */
const transitionMs = z
  .number()
  .int()
  .min(1_800_000, 'has to be 1800000 (half an hour) at least')
  .max(31_536_000_000, 'may be a year at most')

const rotationPolicy = strict({
  rotation_period: z.enum(['weekly', 'monthly']).nullable().optional(),
  rotation_period_days: z.number().int().min(1).max(365).nullable().optional(),
  next_rotation_at: moment.nullable().optional().meta({ description: 'Reckoned from the period without it.' }),
  key_transition_period_ms: transitionMs.nullable().optional(),
})
  .refine(
    ({ rotation_period: period, rotation_period_days: days }) => (period ?? days ?? null) !== null && !(period && days),
    'needs either rotation_period or rotation_period_days',
  )
  .meta({ description: 'When the key wants a new secret. It is shown and reminded of; POST …/rotate does it.' })

const alertEmails = z.array(email).max(20).meta({ description: "Who hears of the key's budget and end." })

const scopes = z.array(scope).min(1).max(200)

/** The SDK repeats what stands in the address; it has to be the same there. */
const repeated = {
  type: z.enum(['organisation', 'workspace']).optional(),
  'sub-type': z.enum(['service', 'user']).optional(),
}

export const KeyCreate = strict({
  ...repeated,
  name,
  description: remark.optional(),
  scopes: scopes
    .optional()
    .meta({ description: "Needed for an organisation's key; a workspace's key otherwise gets the developer's." }),
  workspace_id: idOrSlug.optional(),
  user_id: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta({ description: 'Id or e-mail address; for workspace/user only.' }),
  defaults: defaults.nullable().optional(),
  expires_at: moment.nullable().optional(),
  rotation_policy: rotationPolicy.nullable().optional(),
  alert_emails: alertEmails.nullable().optional(),
  records: recordsMember,
  ...limitMembers,
})

export const KeyUpdate = strict({
  id: z.string().optional(),
  name: name.optional(),
  description: remark.optional(),
  scopes: scopes.optional(),
  defaults: defaults.nullable().optional().meta({ description: 'Replaces what was there; null clears.' }),
  expires_at: moment.nullable().optional(),
  rotation_policy: rotationPolicy.nullable().optional(),
  alert_emails: alertEmails.nullable().optional(),
  records: recordsMember,
  ...limitMembers,
  reset_usage: resetUsage,
})

export const KeyRotate = strict({
  id: z.string().optional(),
  key_transition_period_ms: transitionMs
    .nullable()
    .optional()
    .meta({ description: 'As in the rotation policy without it, else half an hour.' }),
})

export const KeyRotated = z.object({
  id: z.string(),
  key: z.string().meta({ description: 'The new key. It is shown here and never again.' }),
  key_transition_expires_at: z.string().meta({ description: 'Until then the key before works too.' }),
  object: z.literal('api-key'),
})

/** The SDK sends the id with a DELETE too. */
export const KeyDelete = strict({ id: z.string().optional() })

export const KeyQuery = strict({
  ...page,
  workspace_id: idOrSlug.optional(),
  status: z.enum(['active', 'expired', 'revoked', 'all']).default('all'),
})

export const KeyCreated = z.object({
  id: z.string(),
  key: z.string().meta({ description: 'The key itself. It is shown here and never again.' }),
  object: z.literal('api-key'),
})

export const Key = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  type: keyType,
  organisation_id: z.string(),
  workspace_id: z.string().nullable(),
  user_id: z.string().nullable(),
  masked_key: z.string(),
  status: z.enum(['active', 'exhausted', 'expired', 'revoked']),
  scopes: z.array(z.string()),
  defaults: z.object({
    provider: z.string().nullable(),
    config_id: z.string().nullable(),
    metadata: z.record(z.string(), z.string()).nullable(),
    error_format: errorFormat,
  }),
  allow_config_override: z.union([z.literal(0), z.literal(1)]).nullable(),
  expires_at: z.string().nullable(),
  rotation_policy: z
    .object({
      rotation_period: z.enum(['weekly', 'monthly']).nullable(),
      rotation_period_days: z.number().nullable(),
      next_rotation_at: z.string(),
      key_transition_period_ms: z.number().nullable(),
    })
    .nullable(),
  last_rotated_at: z.string().nullable(),
  key_transition_expires_at: z
    .string()
    .nullable()
    .meta({ description: 'Until then the key before the last rotation works too.' }),
  alert_emails: z.array(z.string()),
  records: ShownRecords,
  ...singleLimits,
  ...stamps,
  object: z.literal('api-key'),
})

export const KeyList = list(Key)
