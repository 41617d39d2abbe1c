import type { ProviderKindName } from '../../contract/provider-kinds.ts'
import type { Credential, ProviderSettings } from '../../providers/adapter.ts'

/* Which member of an account belongs to which kind of provider. */

const EVERYWHERE = ['custom_host', 'model_map', 'count_tokens'] as const

const AWS = [
  'aws_auth_type',
  'aws_region',
  'aws_access_key_id',
  'aws_role_arn',
  'aws_external_id',
  'aws_session_token',
] as const

type Member = keyof ProviderSettings | keyof Credential

export const MEMBERS_OF: Readonly<Record<ProviderKindName, readonly Member[]>> = {
  anthropic: [...EVERYWHERE, 'key', 'auth_scheme', 'compatibility'],
  bedrock: [
    ...EVERYWHERE,
    ...AWS,
    'key',
    'bedrock_surface',
    'bedrock_profile',
    'aws_guardrail_identifier',
    'aws_guardrail_version',
  ],
  'claude-platform-aws': [...EVERYWHERE, ...AWS, 'key', 'anthropic_workspace_id'],
  'vertex-ai': [
    ...EVERYWHERE,
    'vertex_auth_type',
    'vertex_project_id',
    'vertex_region',
    'vertex_surface',
    'vertex_quota_project',
    'vertex_service_account_json',
    'anthropic_workspace_id',
  ],
  'azure-ai': [
    ...EVERYWHERE,
    'key',
    'azure_auth_mode',
    'azure_foundry_url',
    'azure_hosting',
    'azure_data_zone',
    'azure_entra_tenant_id',
    'azure_entra_client_id',
    'azure_entra_client_secret',
    'azure_entra_scope',
  ],
  scripted: [...EVERYWHERE, 'key'],
}

export const SECRETS = [
  'key',
  'aws_session_token',
  'vertex_service_account_json',
  'azure_entra_client_secret',
] as const satisfies readonly (keyof Credential)[]

/** The kinds that have a member, for the text of a refusal. */
export function kindsWith(member: string): readonly string[] {
  return Object.entries(MEMBERS_OF).flatMap(([kind, members]) =>
    (members as readonly string[]).includes(member) ? [kind] : [],
  )
}
