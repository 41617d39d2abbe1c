import { z } from 'zod'
import { ChannelCreate } from './alerts.ts'
import { KeyCreate } from './api-keys.ts'
import { ConfigCreate } from './configs.ts'
import { configurations } from './provider-kinds.ts'
import { email, flag, idOrSlug, name, slug, strict } from './fields.ts'
import { IntegrationCreate, IntegrationWorkspacesUpdate, ModelsUpdate } from './integrations.ts'
import { OrganisationUpdate } from './organisation.ts'
import { RatePolicyCreate, UsagePolicyCreate } from './policies.ts'
import { ProviderCreate } from './providers.ts'
import { UserUpdate } from './users.ts'
import { WorkspaceUpdate } from './workspaces.ts'
import { RESOURCE_KINDS } from './read-organisation.ts'

/*
 * A configuration file: what an organisation consists of, in one YAML or JSON document. Members have the names of the admin API and are checked by
 * its schemas; things refer to each other by slug, name and e-mail address. What a file leaves out stays as it is.
 */

/** `${env:NAME}` or `${file:path}`: where whoever applies the file finds a secret. */
export const SECRET_REFERENCE = /^\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:[^{}]+)\}$/

const secret = z
  .string()
  .regex(SECRET_REFERENCE, 'has to be a reference such as ${env:NAME} or ${file:path}; a file holds no secrets')
  .nullable()

/** A shape without those members of the API that a file says by its own form. */
function without(shape: z.ZodRawShape, members: readonly string[]): z.ZodRawShape {
  return Object.fromEntries(Object.entries(shape).filter(([member]) => !members.includes(member)))
}

/** Only those of them that this version has. */
function those(shape: z.ZodRawShape, members: readonly string[]): z.ZodRawShape {
  return Object.fromEntries(Object.entries(shape).filter(([member]) => members.includes(member)))
}

const LIMITS = ['usage_limits', 'rate_limits']

const access = IntegrationWorkspacesUpdate.shape.workspaces.unwrap().element

const IntegrationEntry = strict({
  name: name.optional(),
  ...without(IntegrationCreate.shape, [
    'name',
    'slug',
    'key',
    'configurations',
    'workspace_id',
    'create_default_provider',
    'default_provider_slug',
    'secret_mappings',
  ]),
  workspace: idOrSlug.optional().meta({ description: 'Slug of the only workspace that owns and may use it.' }),
  key: secret.optional(),
  configurations: strict({
    ...configurations.shape,
    aws_secret_access_key: secret.optional(),
    aws_session_token: secret.optional(),
    vertex_service_account_json: secret.optional(),
    azure_entra_client_secret: secret.optional(),
  }).optional(),
  allow_all_models: z.boolean().optional(),
  models: z
    .array(z.union([z.string().min(1).max(255), ModelsUpdate.shape.models.unwrap().element]))
    .max(1000)
    .optional()
    .meta({ description: 'The whole list: a model that is not in it is taken off.' }),
  workspaces: z
    .union([
      z.literal('all'),
      z.array(slug).max(1000),
      z.record(z.union([slug, z.literal('*')]), strict(those(access.shape, LIMITS)).nullable()),
    ])
    .optional()
    .meta({
      description: 'Who may use it: all, a list of slugs, or limits by slug; "*" beside them lets in all others.',
    }),
})

const ProviderEntry = strict({
  name: name.optional(),
  ...without(ProviderCreate.shape, ['name', 'slug', 'workspace_id', 'integration_id', 'reset_usage']),
  integration: idOrSlug.meta({ description: 'Slug of the integration.' }),
})

const ConfigEntry = strict({
  name: name.optional(),
  config: ConfigCreate.shape.config.meta({ description: 'The routing document; GET /v1/configs/schema describes it.' }),
  is_default: flag.optional(),
})

const keyDefaults = KeyCreate.shape.defaults.unwrap().unwrap()

const KeyEntry = strict({
  name: name.optional(),
  ...without(KeyCreate.shape, ['name', 'type', 'sub-type', 'workspace_id', 'user_id', 'defaults', 'reset_usage']),
  type: z.enum(['service', 'user']).optional().meta({ description: 'service without.' }),
  user: email.optional().meta({ description: 'Whose key it is; for type user.' }),
  defaults: strict({
    ...without(keyDefaults.shape, ['config_id']),
    config: name.nullable().optional().meta({ description: 'Name of a config of the workspace.' }),
  }).optional(),
})

/** What the API fills in by itself when a thing is made. */
const OF_PLACE = ['workspace_id', 'organisation_id']

const policies = strict({
  usage_limits: z.record(name, strict(without(UsagePolicyCreate.shape, OF_PLACE))).optional(),
  rate_limits: z.record(name, strict(without(RatePolicyCreate.shape, OF_PLACE))).optional(),
})

const ChannelEntry = strict({
  ...without(ChannelCreate.shape, [...OF_PLACE, 'name', 'url', 'secret']),
  name: name.optional(),
  url: secret.optional().meta({ description: 'A reference: who knows the address may post there.' }),
  secret: secret.optional(),
})

const channels = z.record(name, ChannelEntry).optional()

const UserEntry = strict(without(UserUpdate.shape, ['userId', 'reset_usage']))

const workspaceDefaults = WorkspaceUpdate.shape.defaults.unwrap().unwrap()

const WorkspaceEntry = strict({
  name: name.optional(),
  ...those(WorkspaceUpdate.shape, ['description', 'records', ...LIMITS]),
  defaults: strict({
    ...without(workspaceDefaults.shape, ['config_id', 'user_api_key_config']),
    config: name.nullable().optional().meta({ description: 'Name of a config of the workspace.' }),
    user_api_key_config: name.nullable().optional().meta({ description: 'The same for the keys of people.' }),
  }).optional(),
  members: z
    .record(email, z.enum(['admin', 'manager', 'member']))
    .optional()
    .meta({ description: 'Roles by e-mail address.' }),
  providers: z.record(slug, ProviderEntry).optional(),
  configs: z.record(name, ConfigEntry).optional(),
  keys: z.record(name, KeyEntry).optional(),
  policies: policies.optional(),
  alert_channels: channels,
})

export const ConfigurationFile = strict({
  portcullis: z.literal(1).meta({ description: 'The version of this format.' }),
  name: slug.meta({ description: 'What is made in this name is removed when the file of this name leaves it out.' }),
  organisation: strict(without(OrganisationUpdate.shape, ['reset_usage'])).optional(),
  users: z
    .record(email, UserEntry)
    .optional()
    .meta({ description: 'By e-mail address; whoever is not there yet is invited.' }),
  integrations: z.record(slug, IntegrationEntry).optional(),
  workspaces: z.record(slug, WorkspaceEntry).optional().meta({ description: 'By slug.' }),
  keys: z.record(name, KeyEntry).optional().meta({ description: 'Keys of the organisation, which administer.' }),
  policies: policies.optional(),
  alert_channels: channels,
})
export type ConfigurationFile = z.input<typeof ConfigurationFile>

/** YAML or JSON, at most a quarter of a megabyte: reading a hostile one takes time. */
const document = z.string().min(1).max(262_144)

const secrets = z
  .record(z.string().regex(/^(env|file):/), z.string().max(32_768))
  .meta({ description: 'The values of the references, by what stands between the braces.' })

export const ConfigurationPlanRequest = strict({
  document,
  secrets: secrets.optional().meta({ description: 'Without them the plan only says which it needs.' }),
  prune: z.boolean().default(true).meta({ description: 'Whether what the file of this name has left out is removed.' }),
})

export const ConfigurationApplyRequest = strict({
  document,
  secrets: secrets.default({}),
  prune: z.boolean().default(true),
  plan_id: z
    .string()
    .min(1)
    .max(128)
    .meta({ description: 'Of the plan that was shown; another one is not carried out.' }),
})

const place = {
  path: z.string().meta({ description: 'workspaces.payments.keys.ci' }),
  line: z.number().int().meta({ description: 'From 1 on.' }),
  column: z.number().int(),
}

const change = z.object({
  member: z.string(),
  from: z.unknown().meta({ description: 'Left out for secrets.' }),
  to: z.unknown(),
  secret: z.enum(['set', 'changed', 'removed']).optional(),
})

const step = z.object({
  action: z.enum(['create', 'update', 'delete']),
  kind: z.enum(RESOURCE_KINDS),
  name: z.string().meta({ description: 'payments/ci: the workspace, if it lives in one, and its name there.' }),
  changes: z.array(change),
})

export const ConfigurationPlan = z.object({
  name: z.string().nullable(),
  plan_id: z.string().nullable().meta({ description: 'Null while there are problems or secrets are missing.' }),
  references: z.array(z.object({ reference: z.string(), ...place })),
  problems: z.array(z.object({ message: z.string(), ...place })),
  notes: z.array(z.string()).meta({ description: 'What somebody should know beside the steps.' }),
  steps: z.array(step).meta({ description: 'In the order in which they are done.' }),
  unchanged: z.number().int(),
})
export type ConfigurationPlan = z.output<typeof ConfigurationPlan>

export const ConfigurationOutcome = z.object({
  status: z.enum(['done', 'failed']),
  done: z.array(step),
  failed: z.object({ step, message: z.string() }).nullable(),
  not_done: z.array(step),
  keys: z
    .array(z.object({ name: z.string(), id: z.string(), key: z.string() }))
    .meta({ description: 'Keys that were made. They are shown here and never again.' }),
  invites: z.array(z.object({ email: z.string(), link: z.string() })),
})
export type ConfigurationOutcome = z.output<typeof ConfigurationOutcome>

export const ConfigurationQuery = strict({ name: slug.default('exported') })

export const ConfigurationExport = z.object({
  document: z.string().meta({ description: 'YAML.' }),
  notes: z.array(z.string()).meta({ description: 'What no file can hold.' }),
})

export const ConfigurationSchema = z.record(z.string(), z.unknown())
