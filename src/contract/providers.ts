import { z } from 'zod'
import { idOrSlug, list, moment, name, page, remark, slug, stamps, strict } from './fields.ts'
import { limitMembers, resetUsage, singleLimits } from './limits.ts'

/* A provider is an integration as one workspace sees it: what a request means by @slug. */

const expiry = moment.nullable().optional().meta({ description: 'From then on it serves nobody; null: never.' })

export const ProviderCreate = strict({
  name,
  integration_id: idOrSlug,
  workspace_id: idOrSlug
    .optional()
    .meta({ description: 'For administrators; may be left out while there is one workspace.' }),
  slug: slug.optional(),
  note: remark.optional(),
  expires_at: expiry,
  ...limitMembers,
})

export const ProviderUpdate = strict(
  {
    name: name.optional(),
    note: remark.optional(),
    workspace_id: idOrSlug.optional(),
    expires_at: expiry,
    ...limitMembers,
    reset_usage: resetUsage,
  },
  { slug: 'providers that change their slug' },
)

export const ProviderQuery = strict({ workspace_id: idOrSlug.optional() })

export const ProviderListQuery = strict({ ...page, workspace_id: idOrSlug.optional() })

export const ProviderReferenceAnswer = z.object({ id: z.string(), slug: z.string() })

export const Provider = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  note: z.string().nullable(),
  // One client reads the kind here, another there.
  provider: z.string(),
  ai_provider_name: z.string(),
  integration_id: z.string(),
  integration_slug: z.string(),
  workspace_id: z.string(),
  workspace_slug: z.string(),
  workspace_name: z.string(),
  status: z.enum(['active', 'exhausted', 'expired']),
  expires_at: z.string().nullable(),
  ...singleLimits,
  ...stamps,
  object: z.literal('provider'),
})

export const ProviderList = list(Provider)
