import { z } from 'zod'
import {
  configReference,
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
import { scope } from './scopes.ts'

/* A key is what a developer puts into Claude Code, or an administrator into a script. It is shown once. */

export const keyType = z.enum(['organisation-service', 'workspace-service', 'workspace-user'])
export type KeyType = z.infer<typeof keyType>

const NOT_YET = {
  rotation_policy: 'key rotation',
  alert_emails: 'alerts',
}

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

const scopes = z.array(scope).min(1).max(200)

/** The SDK repeats what stands in the address; it has to be the same there. */
const repeated = {
  type: z.enum(['organisation', 'workspace']).optional(),
  'sub-type': z.enum(['service', 'user']).optional(),
}

export const KeyCreate = strict(
  {
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
    ...limitMembers,
  },
  NOT_YET,
)

export const KeyUpdate = strict(
  {
    id: z.string().optional(),
    name: name.optional(),
    description: remark.optional(),
    scopes: scopes.optional(),
    defaults: defaults.nullable().optional().meta({ description: 'Replaces what was there; null clears.' }),
    expires_at: moment.nullable().optional(),
    ...limitMembers,
    reset_usage: resetUsage,
  },
  NOT_YET,
)

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
  ...singleLimits,
  ...stamps,
  object: z.literal('api-key'),
})

export const KeyList = list(Key)
