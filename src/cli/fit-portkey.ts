import { member, record, text } from '../contract/answer.ts'
import type { Entry, Resource } from '../contract/read-organisation.ts'
import { fitRouting } from './fit-routing.ts'

/** Kinds of account that serve Claude and that Portcullis knows, with the members that it knows of each. */
const ACCOUNTS: Readonly<Record<string, readonly string[]>> = {
  anthropic: ['custom_host'],
  bedrock: [
    'aws_auth_type',
    'aws_region',
    'aws_access_key_id',
    'aws_role_arn',
    'aws_external_id',
    'aws_session_token',
    'custom_host',
  ],
  'vertex-ai': ['vertex_auth_type', 'vertex_region', 'vertex_project_id', 'vertex_service_account_json', 'custom_host'],
  'azure-ai': [
    'azure_auth_mode',
    'azure_foundry_url',
    'azure_entra_tenant_id',
    'azure_entra_client_id',
    'azure_entra_client_secret',
    'custom_host',
  ],
  'claude-platform-aws': [
    'aws_auth_type',
    'aws_region',
    'aws_access_key_id',
    'aws_role_arn',
    'aws_external_id',
    'anthropic_workspace_id',
  ],
}

/** What policies may ask for at Portkey and not here. */
const FOREIGN_CONDITIONS = /^(prompt|mcp_server|mcp_tool)$/

/** What could not be brought over, or not as it was. */
export interface Leftover {
  /** `config payments/failover` */
  readonly what: string
  readonly why: string
}

/** Whatever of an organisation at Portkey can live here; `leave` is told of everything else. `now` in milliseconds since the epoch. */
export function fitToPortcullis(
  resources: readonly Resource[],
  now: number,
  leave: (leftover: Leftover) => void,
): readonly Resource[] {
  const integrations = resources.filter(({ kind }) => kind === 'integration').flatMap(fitIntegration)
  const slugs = new Map(integrations.flatMap(({ id, handle }) => [[id, handle] as const, [handle, handle] as const]))
  const providers = resources.filter(({ kind }) => kind === 'provider').flatMap((each) => fitProvider(each))
  const usable = new Set(providers.map(({ workspace, handle }) => `${workspace}/${handle}`))
  const configs = resources.filter(({ kind }) => kind === 'config').flatMap((each) => fitConfig(each))
  const followed = new Set(
    configs.flatMap(({ workspace, name, handle }) => [`${workspace}/${name}`, `${workspace}/${handle}`]),
  )
  const others = resources.flatMap((each): readonly Resource[] => {
    switch (each.kind) {
      case 'integration':
      case 'provider':
      case 'config':
      case 'alert-channel':
        return []
      case 'defaults':
        return [{ ...each, entry: fitDefaults(each, each.entry) }]
      case 'key':
        return fitKey(each)
      case 'user':
        return fitUser(each)
      case 'usage-policy':
      case 'rate-policy':
        return fitPolicy(each)
      case 'organisation':
      case 'workspace':
      case 'member':
        return [each]
    }
  })
  return [...integrations, ...providers, ...configs, ...others]

  function fitIntegration(integration: Resource): readonly Resource[] {
    const kind = text(integration.entry, 'ai_provider_id') ?? 'unknown'
    const known = Object.hasOwn(ACCOUNTS, kind) ? ACCOUNTS[kind] : undefined
    if (known === undefined) {
      leave({ what: describe(integration), why: `${kind} serves no Claude, or Portcullis does not know it` })
      return []
    }
    const written = Object.entries(record(integration.entry, 'configurations')).filter(
      ([, value]) => value !== null && value !== '',
    )
    const strange = written.filter(([name]) => !known.includes(name) && name !== 'aws_secret_access_key')
    for (const [name] of strange)
      leave({ what: describe(integration), why: `configurations.${name} is not known to Portcullis` })
    const configurations = Object.fromEntries(written.filter(([name]) => known.includes(name)))
    // Portkey may show nothing of a key that is there.
    const needsKey =
      kind === 'anthropic' ||
      configurations['aws_auth_type'] === 'accessKey' ||
      member(integration.entry, 'key') !== undefined
    const { key: _key, ...entry } = integration.entry
    return [
      {
        ...integration,
        entry: { ...entry, configurations, ...(needsKey && kind !== 'vertex-ai' && { key: 'kept by Portkey' }) },
      },
    ]
  }

  function fitProvider(provider: Resource): readonly Resource[] {
    const slug = slugs.get(text(provider.entry, 'integration') ?? '')
    if (slug !== undefined) return [{ ...provider, entry: { ...provider.entry, integration: slug } }]
    leave({ what: describe(provider), why: 'its integration is not brought over' })
    return []
  }

  function fitConfig(config: Resource): readonly Resource[] {
    const fitted = fitRouting(config.entry['config'], {
      hasProvider: (slug) => usable.has(`${config.workspace}/${slug}`),
      leave: (why) => leave({ what: describe(config), why }),
    })
    return fitted === undefined ? [] : [{ ...config, entry: { ...config.entry, config: fitted } }]
  }

  /** Without what leads to something that stays behind. */
  function fitDefaults(whose: Resource, defaults: Entry): Entry {
    return Object.fromEntries(
      Object.entries(defaults).filter(([name, value]) => {
        const isConfig = name === 'config' || name === 'user_api_key_config'
        const known = isConfig ? followed : name === 'provider' ? usable : undefined
        if (known === undefined || known.has(`${whose.workspace}/${String(value).replace(/^@/, '')}`)) return true
        leave({ what: describe(whose), why: `defaults.${name} names ${String(value)}, which is not brought over` })
        return false
      }),
    )
  }

  function fitKey(key: Resource): readonly Resource[] {
    const { defaults, rotation_policy: rotation, ...entry } = key.entry
    if (Date.parse(text(entry, 'expires_at') ?? '') <= now) {
      leave({ what: describe(key), why: 'it has expired' })
      return []
    }
    if (rotation !== undefined)
      leave({ what: describe(key), why: 'its rotation policy has to be set again: the new key begins its own period' })
    return [{ ...key, entry: { ...entry, defaults: fitDefaults(key, (defaults ?? {}) as Entry) } }]
  }

  function fitUser(user: Resource): readonly Resource[] {
    if (user.entry['role'] !== 'owner') return [user]
    leave({ what: describe(user), why: 'owners cannot be invited; comes over as admin' })
    return [{ ...user, entry: { ...user.entry, role: 'admin' } }]
  }

  function fitPolicy(policy: Resource): readonly Resource[] {
    const { target, ...entry } = policy.entry
    const named = [entry['conditions'], entry['group_by']].flat().map((each) => text(each, 'key') ?? '')
    const foreign = named.find((key) => FOREIGN_CONDITIONS.test(key))
    if (foreign === undefined && target !== 'mcp_tools') return [{ ...policy, entry }]
    leave({ what: describe(policy), why: foreign === undefined ? 'it is about MCP tools' : `it asks for ${foreign}` })
    return []
  }
}

/** `key payments/ci` */
function describe({ kind, workspace, name }: Resource): string {
  return `${kind} ${workspace === undefined ? name : `${workspace}/${name}`}`
}
