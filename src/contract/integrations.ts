import { z } from 'zod'
import { idOrSlug, list, name, page, remark, slug, stamps, strict } from './fields.ts'
import { limitMembers, listedLimits, resetUsage } from './limits.ts'
import { configurations, providerKind } from './provider-kinds.ts'

/*
 * An integration is an account at a provider: the credential, where it may travel, which models and which workspaces may
 * use it. Workspaces reach it through providers, written @slug.
 */

const NOT_YET = {
  secret_mappings: 'secret references',
  pricing_adjustments: 'price adjustments',
  usage_limits: 'budgets',
  rate_limits: 'rate limits',
}

const credential = z
  .string()
  .min(1)
  .max(8192)
  .regex(/^[\x20-\x7e]+$/, 'may hold printable ASCII only')

export const IntegrationCreate = strict(
  {
    name,
    slug: slug.optional(),
    description: remark.optional(),
    ai_provider_id: providerKind,
    key: credential.optional().meta({
      description: 'The API key or the secret access key of AWS; sealed at once, never shown again.',
    }),
    configurations: configurations.optional(),
    workspace_id: idOrSlug
      .optional()
      .meta({ description: 'The only workspace that owns and may use it; all may, without.' }),
    create_default_provider: z.boolean().default(true),
    default_provider_slug: slug.optional(),
  },
  NOT_YET,
)

export const IntegrationUpdate = strict(
  {
    name: name.optional(),
    description: remark.optional(),
    key: credential.optional(),
    configurations: configurations.optional().meta({
      description:
        'Replaces what was there, less the secrets: those that are left out stay. A new host needs them again in the same request.',
    }),
  },
  NOT_YET,
)

export const IntegrationQuery = strict({
  ...page,
  workspace_id: idOrSlug.optional(),
  type: z.enum(['workspace', 'organisation', 'all']).default('all'),
})

export const IntegrationCreated = z.object({ id: z.string(), slug: z.string() })

export const IntegrationItem = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  organisation_id: z.string(),
  workspace_id: z.string().nullable().meta({ description: 'Null when the organisation owns it.' }),
  ai_provider_id: z.string(),
  status: z.literal('active'),
  ...stamps,
  object: z.literal('integration'),
})

export const IntegrationList = list(IntegrationItem)

export const Integration = IntegrationItem.extend({
  masked_key: z.string().nullable(),
  configurations: z.record(z.string(), z.unknown()),
  global_workspace_access_settings: z.object({ enabled: z.boolean() }),
  allow_all_models: z.boolean(),
  workspace_count: z.number().int(),
})

const model = strict(
  {
    slug: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[\x21-\x7e]+$/, 'may hold printable ASCII without spaces only'),
    enabled: z.boolean().default(true),
    is_custom: z.boolean().default(false),
    is_finetune: z.boolean().optional(),
    base_model_slug: z.string().min(1).max(255).nullable().optional(),
  },
  { pricing_config: 'prices of single models', configurations: 'settings of single models' },
)

export const ModelsUpdate = strict({
  models: z.array(model).max(1000).optional().meta({ description: 'Models to add or change, by slug.' }),
  allow_all_models: z.boolean().optional(),
})

/** Slugs to take off the list: as a query (`?slugs=a,b`) or as a body; one of the two. */
export const ModelsDeleteQuery = strict({ slugs: z.string().max(20_000).optional() })
export const ModelsDelete = strict({
  models: z.array(z.union([z.string(), z.object({ slug: z.string() }).transform((item) => item.slug)])).optional(),
})

export const ModelItem = z.object({
  slug: z.string(),
  enabled: z.boolean(),
  is_custom: z.boolean(),
  is_finetune: z.boolean(),
  base_model_slug: z.string().nullable(),
})

export const Models = z.object({
  total: z.number().int(),
  models: z.array(ModelItem),
  allow_all_models: z.boolean(),
})

const PER_WORKSPACE = 'limits for all workspaces at once'

const access = strict({
  id: idOrSlug,
  enabled: z.boolean().default(true),
  create_default_provider: z.boolean().default(true),
  default_provider_slug: slug.optional(),
  ...limitMembers,
  reset_usage: resetUsage,
})

export const IntegrationWorkspacesUpdate = strict({
  workspaces: z.array(access).max(1000).optional(),
  global_workspace_access: z
    .union([z.boolean(), strict({ enabled: z.boolean() }, { usage_limits: PER_WORKSPACE, rate_limits: PER_WORKSPACE })])
    .transform((value) => (typeof value === 'boolean' ? value : value.enabled))
    .nullable()
    .optional(),
  // The REST pages and the SDK spell it differently.
  override_existing_workspace_access: z.boolean().optional(),
  override_existing_workspaces_access: z.boolean().optional(),
})

export const IntegrationWorkspaces = z.object({
  total: z.number().int(),
  workspaces: z.array(
    z.object({
      id: z.string(),
      slug: z.string(),
      name: z.string(),
      enabled: z.boolean(),
      provider_slugs: z.array(z.string()),
      ...listedLimits,
      status: z.enum(['active', 'exhausted']),
    }),
  ),
  global_workspace_access: z.object({ enabled: z.boolean() }),
})
