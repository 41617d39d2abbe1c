import { INVITED, type Entry, type Resource } from './read-organisation.ts'

/** A configuration file as a value, and the secrets that whoever applies it has to provide. */
export interface WrittenConfiguration {
  readonly file: Readonly<Record<string, unknown>>
  /** Such as `env:ANTHROPIC_KEY`. */
  readonly references: readonly string[]
}

/** Members of `configurations` that are secrets; an API shows their ends only, if anything. */
const SECRETS_INSIDE = [
  'aws_secret_access_key',
  'aws_session_token',
  'vertex_service_account_json',
  'azure_entra_client_secret',
]

/** Writes down what there is, so that applying it changes nothing. */
export function writeConfiguration(resources: readonly Resource[], name: string): WrittenConfiguration {
  const references: string[] = []
  const of = (kind: Resource['kind'], workspace?: string) =>
    resources.filter((each) => each.kind === kind && each.workspace === workspace && each.handle !== INVITED)
  const file = {
    portcullis: 1,
    name,
    organisation: of('organisation')[0]?.entry,
    integrations: byName(of('integration'), (each) => writeIntegration(each, references)),
    workspaces: byName(of('workspace'), (each) => {
      const { is_default: _, ...entry } = writeNamed(each)
      return { ...entry, ...writeWorkspace(each.name, of, references) }
    }),
    users: byName(of('user'), ({ entry }) => entry),
    ...writeShared(undefined, of, references),
  }
  return { file: dropEmpty(file), references }
}

type Of = (kind: Resource['kind'], workspace?: string) => readonly Resource[]

function writeWorkspace(slug: string, of: Of, references: string[]): Entry {
  return {
    defaults: of('defaults', slug)[0]?.entry,
    members: byName(of('member', slug), ({ entry }) => entry['role']),
    providers: byName(of('provider', slug), writeNamed),
    configs: byName(of('config', slug), writeNamed),
    ...writeShared(slug, of, references),
  }
}

function writeShared(workspace: string | undefined, of: Of, references: string[]): Entry {
  return {
    keys: byName(of('key', workspace), (key) => {
      const { type, ...entry } = writeNamed(key)
      return { ...(type !== 'service' && { type }), ...entry }
    }),
    policies: {
      usage_limits: byName(of('usage-policy', workspace), writeNamed),
      rate_limits: byName(of('rate-policy', workspace), writeNamed),
    },
    alert_channels: byName(of('alert-channel', workspace), (channel) => writeChannel(channel, references)),
  }
}

function byName(resources: readonly Resource[], write: (resource: Resource) => unknown): Entry {
  return Object.fromEntries(resources.map((resource) => [resource.name, write(resource)]))
}

/** A name that is said already is not said again. */
function writeNamed({ name, entry }: Resource): Entry {
  const { name: own, ...others } = entry
  return own === name ? others : entry
}

function writeIntegration(integration: Resource, references: string[]): Entry {
  const { name: own, key, configurations, models, ...entry } = integration.entry
  const refer = (member: string) => referTo(integration.name, member, references)
  return {
    ...(own !== integration.name && { name: own }),
    ...entry,
    ...(key !== undefined && { key: refer('key') }),
    configurations: Object.fromEntries(
      Object.entries((configurations ?? {}) as Entry).map(([member, value]) => [
        member,
        SECRETS_INSIDE.includes(member) ? refer(member) : value,
      ]),
    ),
    ...(Array.isArray(models) && models.length > 0 && { models: models.map(writeModel) }),
  }
}

function writeModel(model: Entry): unknown {
  return Object.keys(model).length === 1 ? model['slug'] : model
}

function writeChannel(channel: Resource, references: string[]): Entry {
  const { url, ...entry } = writeNamed(channel)
  return { ...entry, ...(url !== undefined && { url: referTo(channel.name, 'url', references) }) }
}

/** `${env:CLAUDE_PROD_KEY}` */
function referTo(name: string, member: string, references: string[]): string {
  const variable = `${name}_${member}`
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replace(/^(\d)/, '_$1')
  if (!references.includes(`env:${variable}`)) references.push(`env:${variable}`)
  return `\${env:${variable}}`
}

/** Without what says nothing. A workspace or a person stays, also when there is nothing to say of them. */
function dropEmpty(value: Entry): Entry {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      if (inner === undefined || inner === null) return []
      if (name === 'config' && typeof inner === 'object') return [[name, inner]]
      if (typeof inner !== 'object' || Array.isArray(inner)) return [[name, inner]]
      const dropped = CARRIERS.has(name) ? keepEach(inner as Entry) : dropEmpty(inner as Entry)
      return Object.keys(dropped).length === 0 ? [] : [[name, dropped]]
    }),
  )
}

/** Members whose members are things of their own. */
const CARRIERS = new Set(['workspaces', 'users', 'keys', 'providers', 'configs'])

function keepEach(entries: Entry): Entry {
  return Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [
      name,
      typeof entry === 'object' && entry !== null && !Array.isArray(entry) ? dropEmpty(entry as Entry) : entry,
    ]),
  )
}
