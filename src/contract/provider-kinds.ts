import { z } from 'zod'
import { strict } from './fields.ts'

/*
 * The kinds of provider and the members of `configurations` that describe an account at each. Names are Portkey's where it has one. Which of
 * them a kind has is checked with the kind, in admin/integrations/read-account.ts.
 */

/** Portkey's `ai_provider_id`. */
export const providerKind = z.enum(['anthropic', 'bedrock', 'vertex-ai', 'azure-ai', 'claude-platform-aws', 'scripted'])
export type ProviderKindName = z.infer<typeof providerKind>

/** A secret: null takes it away. What a read has shown may be sent back and changes nothing. */
const secret = z.string().min(1).max(8192).nullable().optional()

const word = z
  .string()
  .trim()
  .min(1)
  .max(255)
  .regex(/^[\x21-\x7e]+$/, 'may hold printable ASCII without spaces only')

/** It becomes part of a host name. */
const label = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'has to be a region such as us-east-1: a–z, 0–9 and inner hyphens')

const modelMap = z
  .record(z.string().min(1).max(255), z.string().regex(/^[\x21-\x7e]{1,2048}$/, 'has to be the id of a model'))
  .refine((map) => Object.keys(map).length <= 500, 'may hold 500 models at most')

export const configurations = strict(
  {
    custom_host: z.string().max(2000).optional().meta({
      description:
        'Another host, with its version path (https://api.anthropic.com/v1); for Bedrock and Vertex in place of scheme and host.',
    }),
    model_map: modelMap.optional().meta({
      description: 'By the names that clients use: the id, deployment or ARN under which this account knows the model.',
    }),
    count_tokens: z.enum(['native', 'estimate']).optional().meta({
      description: 'What a count is answered with where the platform has none: its error, or an estimate.',
    }),
    auth_scheme: z.enum(['x-api-key', 'bearer']).optional().meta({
      description: 'How the credential is sent to an Anthropic-compatible host; x-api-key without.',
    }),
    compatibility: z.enum(['anthropic', 'compatible']).optional().meta({
      description: 'compatible: the host has the Messages API in its plainest form, with models of its own.',
    }),

    aws_auth_type: z
      .enum(['accessKey', 'assumedRole', 'default', 'apiKey', 'serviceRole'])
      .transform((type) => (type === 'serviceRole' ? 'default' : type))
      .optional()
      .meta({ description: 'Told from the other members when left out; serviceRole is another name of default.' }),
    aws_region: label.optional(),
    aws_access_key_id: word.optional(),
    aws_secret_access_key: secret.meta({ description: 'The same as key.' }),
    aws_session_token: secret,
    aws_role_arn: z
      .string()
      .max(2048)
      .regex(/^arn:[\x21-\x7e]+$/, 'has to be an ARN')
      .optional(),
    aws_external_id: word.optional(),
    bedrock_surface: z.enum(['invoke', 'messages', 'mantle']).optional(),
    bedrock_profile: label.optional().meta({ description: 'The prefix of inference profiles: global, us, eu, …' }),
    aws_guardrail_identifier: z
      .string()
      .max(2048)
      .regex(/^[\x21-\x7e]+$/)
      .optional(),
    aws_guardrail_version: word.optional(),
    anthropic_workspace_id: word.optional(),

    vertex_auth_type: z
      .enum(['serviceAccount', 'metadata', 'federated', 'workload'])
      .transform((type) => (type === 'workload' ? 'federated' : type))
      .optional()
      .meta({ description: 'Told from the key file when left out; workload is another name of federated.' }),
    vertex_project_id: label.optional(),
    vertex_region: label.optional().meta({ description: 'A region, us, eu or global; global without.' }),
    vertex_surface: z.enum(['google', 'anthropic']).optional(),
    vertex_quota_project: label.optional(),
    vertex_service_account_json: z
      .union([z.record(z.string(), z.unknown()), z.string().min(1).max(16_384)])
      .nullable()
      .optional()
      .meta({ description: 'The key file of a service account or of a federation, as an object or as text.' }),

    azure_auth_mode: z
      .enum(['apiKey', 'entra', 'default'])
      .transform((mode) => (mode === 'default' ? 'apiKey' : mode))
      .optional(),
    azure_foundry_url: z.string().max(2000).optional().meta({
      description: 'https://{resource}.services.ai.azure.com/anthropic, with or without the tail.',
    }),
    azure_hosting: z.enum(['anthropic', 'azure']).optional(),
    azure_data_zone: z.enum(['global', 'us']).optional(),
    azure_entra_tenant_id: word.optional(),
    azure_entra_client_id: word.optional(),
    azure_entra_client_secret: secret,
    azure_entra_scope: word.optional(),

    region: label.optional().meta({ description: 'Another name of aws_region or vertex_region.' }),
    vertex_location: label.optional().meta({ description: 'Another name of vertex_region.' }),
  },
  { custom_headers: 'custom headers' },
)
export type Configurations = z.output<typeof configurations>
