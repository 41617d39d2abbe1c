import type { Configurations, ProviderKindName } from '../../contract/provider-kinds.ts'
import { checkHost } from '../../core/hosts.ts'
import type { Credential, ProviderSettings } from '../../providers/adapter.ts'
import { invalid } from '../error.ts'
import { kindsWith, MEMBERS_OF, SECRETS } from './account-members.ts'
import { readKeyFile } from './read-key-file.ts'

/** An account as somebody wrote it, with its secrets apart from its settings. */
export interface Account {
  readonly settings: ProviderSettings
  /** Those that were written; null takes one away. */
  readonly secrets: { readonly [Name in keyof Credential]?: string | null }
}

export interface WrittenAccount {
  readonly key: string | undefined
  readonly configurations: Configurations
  /** What was shown of the secrets that are kept already; the same sent back changes nothing. */
  readonly masks: Credential
  readonly trustedHosts: readonly string[]
}

/** Checks an account against its kind: every member has to belong there, and what its way of signing in needs has to be there. */
export function readAccount(kind: ProviderKindName, written: WrittenAccount): Account {
  const problems: string[] = []
  const { settings: plain, secrets } = split(kind, written, problems)
  const has = (name: keyof Credential) =>
    secrets[name] === undefined ? written.masks[name] !== undefined : secrets[name] !== null
  const keyFile = readKeyFile(secrets.vertex_service_account_json ?? undefined, written.trustedHosts, problems)
  const settings = complete(kind, plain, has, keyFile)

  for (const member of ['custom_host', 'azure_foundry_url'] as const) {
    const host = settings[member]
    const verdict = host === undefined ? undefined : checkHost(host, written.trustedHosts)
    if (verdict?.allowed === false) problems.push(`configurations.${member}: is refused: ${verdict.reason}`)
  }
  for (const [member, why] of needsOf(kind, settings)) {
    const place = member === 'key' ? 'key' : `configurations.${member}`
    const isThere = isSecret(member) ? has(member) : settings[member] !== undefined
    if (!isThere) problems.push(`${place}: is required ${why}`)
  }
  if (problems.length > 0) throw invalid(problems.join('\n'))
  return { settings, secrets }
}

/** Brings other spellings to ours, and names members that belong to another kind. */
function split(kind: ProviderKindName, { key, configurations, masks }: WrittenAccount, problems: string[]): Account {
  const { aws_secret_access_key, vertex_service_account_json, region, vertex_location, ...others } = configurations
  const ofVertex = kind === 'vertex-ai'
  const file =
    typeof vertex_service_account_json === 'object' && vertex_service_account_json !== null
      ? JSON.stringify(vertex_service_account_json)
      : vertex_service_account_json
  const members: Record<string, unknown> = {
    ...(region !== undefined && { [ofVertex ? 'vertex_region' : 'aws_region']: region }),
    ...(vertex_location !== undefined && { vertex_region: vertex_location }),
    ...(aws_secret_access_key !== undefined && { key: aws_secret_access_key }),
    ...(file !== undefined && { vertex_service_account_json: file }),
    ...others,
    ...(key !== undefined && { key }),
  }
  const settings: Record<string, unknown> = {}
  const secrets: Record<string, unknown> = {}
  for (const [member, value] of Object.entries(members)) {
    if (value === undefined) continue
    if (!(MEMBERS_OF[kind] as readonly string[]).includes(member)) {
      const place = member === 'key' ? 'key' : `configurations.${member}`
      problems.push(`${place}: belongs to ${kindsWith(member).join(' and ')}, not to ${kind}`)
    } else if (!isSecret(member)) settings[member] = value
    else if (value !== masks[member]) secrets[member] = value
  }
  return { settings, secrets }
}

function isSecret(member: string): member is keyof Credential {
  return (SECRETS as readonly string[]).includes(member)
}

/** Writes down what follows from the other members, so that nobody has to guess it later. */
function complete(
  kind: ProviderKindName,
  settings: ProviderSettings,
  has: (name: keyof Credential) => boolean,
  keyFile: { readonly isFederated: boolean; readonly projectId: string | undefined } | undefined,
): ProviderSettings {
  if (kind === 'bedrock' || kind === 'claude-platform-aws') {
    const { aws_role_arn: role, aws_access_key_id: keyId } = settings
    const told =
      role !== undefined ? 'assumedRole' : keyId !== undefined ? 'accessKey' : has('key') ? 'apiKey' : 'default'
    return { ...settings, aws_auth_type: settings.aws_auth_type ?? told }
  }
  if (kind === 'vertex-ai') {
    const fromFile = keyFile?.isFederated === true ? 'federated' : 'serviceAccount'
    const told = has('vertex_service_account_json') ? fromFile : 'metadata'
    const project = settings.vertex_project_id ?? keyFile?.projectId
    return {
      ...settings,
      vertex_auth_type: settings.vertex_auth_type ?? told,
      ...(project !== undefined && { vertex_project_id: project }),
    }
  }
  if (kind !== 'azure-ai') return settings
  const told = settings.azure_entra_client_id === undefined ? 'apiKey' : 'entra'
  return { ...settings, azure_auth_mode: settings.azure_auth_mode ?? told }
}

type Need = readonly [member: keyof ProviderSettings | keyof Credential, why: string]

function needsOf(kind: ProviderKindName, settings: ProviderSettings): readonly Need[] {
  switch (kind) {
    case 'anthropic':
      return [['key', 'for anthropic']]
    case 'bedrock':
      return [['aws_region', 'for bedrock'], ...needsOfAws(settings)]
    case 'claude-platform-aws':
      return [
        ['aws_region', 'for claude-platform-aws'],
        ['anthropic_workspace_id', 'for claude-platform-aws'],
        ...needsOfAws(settings),
      ]
    case 'vertex-ai':
      return needsOfVertex(settings)
    case 'azure-ai':
      return needsOfFoundry(settings)
    case 'scripted':
      return []
  }
}

function needsOfAws({ aws_auth_type: type, aws_access_key_id: keyId }: ProviderSettings): readonly Need[] {
  const why = `for aws_auth_type ${type}`
  if (type === 'apiKey') return [['key', why]]
  if (type === 'accessKey') {
    return [
      ['aws_access_key_id', why],
      ['key', `${why}: it is the secret access key`],
    ]
  }
  if (type !== 'assumedRole') return []
  // A role may be taken by a key of its own, or by whatever the machine is.
  return [['aws_role_arn', why], ...(keyId === undefined ? [] : [['key', 'beside aws_access_key_id'] as const])]
}

function needsOfVertex({ vertex_auth_type: type, vertex_surface: surface }: ProviderSettings): readonly Need[] {
  return [
    ['vertex_project_id', 'for vertex-ai'],
    ...(type === 'metadata' ? [] : [['vertex_service_account_json', `for vertex_auth_type ${type}`] as const]),
    ...(surface === 'anthropic' ? [['anthropic_workspace_id', 'for vertex_surface anthropic'] as const] : []),
  ]
}

function needsOfFoundry({ azure_auth_mode: mode, custom_host: host }: ProviderSettings): readonly Need[] {
  const why = 'for azure_auth_mode entra'
  const proof: readonly Need[] =
    mode === 'entra'
      ? [
          ['azure_entra_tenant_id', why],
          ['azure_entra_client_id', why],
          ['azure_entra_client_secret', why],
        ]
      : [['key', 'for azure_auth_mode apiKey']]
  return [...(host === undefined ? [['azure_foundry_url', 'for azure-ai (or a custom_host)'] as const] : []), ...proof]
}
