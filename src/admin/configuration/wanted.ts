import { SECRET_REFERENCE, type ConfigurationFile } from '../../contract/configuration.ts'
import type { Entry, ResourceKind } from '../../contract/read-organisation.ts'

/** A resource as a file wants it. Members that it leaves out stay as they are. */
export interface Wanted {
  readonly kind: ResourceKind
  readonly workspace: string | undefined
  readonly name: string
  /** Where it stands in the file. */
  readonly path: readonly PropertyKey[]
  /** Without secrets. */
  readonly entry: Entry
  /** By member, what the file refers to (`env:NAME`); null takes a secret away. */
  readonly secrets: Readonly<Record<string, string | null>>
}

/** The slug of the workspace that a file means: `default` is the one that was there first, whatever its slug. */
export type SlugOf = (written: string) => string

/** Everything that a file wants, in no particular order. */
export function listWanted(file: ConfigurationFile, slugOf: SlugOf): readonly Wanted[] {
  return [
    ...(file.organisation === undefined
      ? []
      : [want('organisation', undefined, 'organisation', ['organisation'], file.organisation)]),
    ...each(file.users, ['users'], 'user', undefined),
    ...each(file.integrations, ['integrations'], 'integration', undefined, (entry) => readIntegration(entry, slugOf)),
    ...each(file.keys, ['keys'], 'key', undefined),
    ...listShared(file, [], undefined),
    ...Object.entries(file.workspaces ?? {}).flatMap(([slug, workspace]) => listOfWorkspace(slug, workspace, slugOf)),
  ]
}

type WorkspaceOfFile = NonNullable<ConfigurationFile['workspaces']>[string]

function listOfWorkspace(written: string, workspace: WorkspaceOfFile, slugOf: SlugOf): readonly Wanted[] {
  const slug = slugOf(written)
  const path = ['workspaces', written]
  const {
    defaults,
    members,
    providers,
    configs,
    keys,
    policies: _policies,
    alert_channels: _channels,
    ...itself
  } = workspace
  return [
    want('workspace', undefined, slug, path, itself),
    ...(defaults === undefined ? [] : [want('defaults', slug, 'defaults', [...path, 'defaults'], defaults)]),
    ...Object.entries(members ?? {}).map(([email, role]) =>
      want('member', slug, email.toLowerCase(), [...path, 'members', email], { role }),
    ),
    ...each(providers, [...path, 'providers'], 'provider', slug),
    ...each(configs, [...path, 'configs'], 'config', slug),
    ...each(keys, [...path, 'keys'], 'key', slug),
    ...listShared(workspace, path, slug),
  ]
}

/** What both an organisation and a workspace have. */
function listShared(
  { policies, alert_channels: channels }: Pick<WorkspaceOfFile, 'policies' | 'alert_channels'>,
  path: readonly PropertyKey[],
  workspace: string | undefined,
): readonly Wanted[] {
  return [
    ...each(policies?.usage_limits, [...path, 'policies', 'usage_limits'], 'usage-policy', workspace, readPolicy),
    ...each(policies?.rate_limits, [...path, 'policies', 'rate_limits'], 'rate-policy', workspace, readPolicy),
    ...each(channels, [...path, 'alert_channels'], 'alert-channel', workspace),
  ]
}

function each(
  entries: Readonly<Record<string, object>> | undefined,
  path: readonly PropertyKey[],
  kind: ResourceKind,
  workspace: string | undefined,
  shape: (entry: Entry) => Entry = (entry) => entry,
): readonly Wanted[] {
  return Object.entries(entries ?? {}).map(([name, entry]) =>
    want(kind, workspace, kind === 'user' ? name.toLowerCase() : name, [...path, name], shape(entry as Entry)),
  )
}

/** One form for what may be written in several. */
function readIntegration({ models, workspaces, workspace, ...entry }: Entry, slugOf: SlugOf): Entry {
  return {
    ...entry,
    ...(typeof workspace === 'string' && { workspace: slugOf(workspace) }),
    ...(Array.isArray(models) && {
      models: models.map((model: unknown) => (typeof model === 'string' ? { slug: model } : model)),
    }),
    ...(workspaces !== undefined && { workspaces: readAccess(workspaces, slugOf) }),
  }
}

/** Thresholds and groups in one form. */
function readPolicy({
  alert_threshold: one,
  alert_thresholds: several,
  group_by: groups,
  target: _target,
  ...entry
}: Entry): Entry {
  const thresholds = several ?? (typeof one === 'number' || typeof one === 'string' ? [one] : one)
  return {
    ...entry,
    ...(thresholds !== undefined && { alert_thresholds: thresholds }),
    ...(Array.isArray(groups) && {
      group_by: groups.map((group: unknown) => (typeof group === 'string' ? { key: group } : group)),
    }),
  }
}

/** Who is let in anyway and has no limits there need not be named. */
function readAccess(written: unknown, slugOf: SlugOf): unknown {
  if (Array.isArray(written)) return Object.fromEntries(written.map((slug) => [slugOf(String(slug)), {}]))
  if (typeof written !== 'object' || written === null) return written
  const isOpen = Object.hasOwn(written, '*')
  const named = Object.entries(written as Readonly<Record<string, Entry | null>>)
    .filter(([slug, limits]) => !isOpen || slug === '*' || Object.keys(limits ?? {}).length > 0)
    .map(([slug, limits]) => [slugOf(slug), limits ?? {}] as const)
  return isOpen && named.length === 1 ? 'all' : Object.fromEntries(named)
}

/** Members that are secrets wherever they stand. The key of AWS has two names. */
const SECRET_MEMBERS: Readonly<Record<string, string>> = {
  key: 'key',
  aws_secret_access_key: 'key',
  aws_session_token: 'aws_session_token',
  vertex_service_account_json: 'vertex_service_account_json',
  azure_entra_client_secret: 'azure_entra_client_secret',
  secret: 'secret',
  url: 'url',
}

function want(
  kind: ResourceKind,
  workspace: string | undefined,
  name: string,
  path: readonly PropertyKey[],
  written: object,
): Wanted {
  const secrets: Record<string, string | null> = {}
  const entry =
    kind === 'integration' || kind === 'alert-channel' ? takeSecrets(written as Entry, secrets) : (written as Entry)
  return { kind, workspace, name, path, entry, secrets }
}

/** The entry without its secrets, which go into `found`. */
function takeSecrets(entry: Entry, found: Record<string, string | null>): Entry {
  return Object.fromEntries(
    Object.entries(entry).flatMap(([name, value]) => {
      const secret = SECRET_MEMBERS[name]
      const reference = typeof value === 'string' ? SECRET_REFERENCE.exec(value)?.[1] : undefined
      if (secret !== undefined && (reference !== undefined || value === null)) {
        found[secret] = reference ?? null
        return []
      }
      if (name === 'configurations' || name === 'settings') return [[name, takeSecrets(value as Entry, found)]]
      return [[name, value]]
    }),
  )
}
