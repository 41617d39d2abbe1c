import { z } from 'zod'
import { idOrSlug, list, moment, name, remark, slug, stamps, strict } from './fields.ts'
import { limitMembers, resetUsage, singleLimits } from './limits.ts'
import { configurations, providerKind } from './provider-kinds.ts'

/*
 * A virtual key is Portkey's older word for a provider that brings its own credential: an integration which one workspace
 * alone may use, with one provider on it.
 */

const NOT_YET = {
  apiVersion: 'accounts of Azure OpenAI',
  resourceName: 'accounts of Azure OpenAI',
  deploymentName: 'accounts of Azure OpenAI',
  deploymentConfig: 'accounts of Azure OpenAI',
  secret_mappings: 'secret references',
}

const credential = z
  .string()
  .min(1)
  .max(8192)
  .regex(/^[\x20-\x7e]+$/, 'may hold printable ASCII only')

const expiry = moment.nullable().optional()

export const VirtualKeyCreate = strict(
  {
    name,
    provider: providerKind,
    key: credential.optional().meta({ description: 'Sealed at once, never shown again.' }),
    configurations: configurations.optional().meta({
      description: 'What else describes the account, as for an integration; for administrators only.',
    }),
    slug: slug.optional(),
    note: remark.optional(),
    workspace_id: idOrSlug.optional(),
    expires_at: expiry,
    ...limitMembers,
  },
  NOT_YET,
)

export const VirtualKeyUpdate = strict(
  {
    name: name.optional(),
    key: credential.optional(),
    note: remark.optional(),
    workspace_id: idOrSlug.optional(),
    expires_at: expiry,
    ...limitMembers,
    reset_usage: resetUsage,
  },
  NOT_YET,
)

export const VirtualKeyReference = z.object({
  id: z.string(),
  slug: z.string(),
  object: z.literal('virtual-key'),
})

export const VirtualKey = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  note: z.string().nullable(),
  provider: z.string(),
  ai_provider_name: z.string(),
  model_config: z.record(z.string(), z.unknown()),
  masked_api_key: z.string().nullable(),
  workspace_id: z.string(),
  status: z.enum(['active', 'exhausted', 'expired']),
  expires_at: z.string().nullable(),
  ...singleLimits,
  ...stamps,
  object: z.literal('virtual-key'),
})

export const VirtualKeyList = list(VirtualKey)
