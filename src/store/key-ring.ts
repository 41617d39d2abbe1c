import { sameHash } from '../credentials/api-key.ts'
import { asId, type Id } from '../core/ids.ts'
import { DEFAULT_RECORD_RULES, narrowRules, type RecordRules } from '../core/record-rules.ts'
import type { RoutingConfig } from '../routing/routing-config.ts'
import type { Catalogue } from './catalogue.ts'
import type { ConfigShelf } from './config-shelf.ts'
import {
  readKeyDefaults,
  readOrganisationSettings,
  readRecordSettings,
  readScopes,
  readWorkspaceDefaults,
  type ErrorFormat,
  type KeyDefaults,
  type WorkspaceDefaults,
} from './documents.ts'
import type { KeyKind } from './keys.ts'
import type { KeyRow, Picture } from './read-picture.ts'

/** Who holds a workspace's key, as the data plane knows them. */
export interface KeyHolder {
  readonly keyId: Id<'key'>
  readonly keyName: string
  readonly organisationId: Id<'organisation'>
  readonly workspaceId: Id<'workspace'>
  readonly workspaceSlug: string
  readonly userId: Id<'user'> | undefined
  readonly scopes: ReadonlySet<string>
  /** `@slug`: the key's own, else the workspace's, else the only provider there is. */
  readonly defaultProvider: string | undefined
  /** The key's own, else the workspace's for such keys, else the workspace's. */
  readonly defaultConfig: RoutingConfig | undefined
  readonly mayOverrideConfig: boolean
  readonly metadata: Readonly<Record<string, string>>
  readonly errorFormat: ErrorFormat
  /** What is kept of the content of its requests: organisation, workspace and key taken together. */
  readonly records: RecordRules
}

/** The same person as the control plane knows them. */
export interface AdminHolder {
  readonly kind: KeyKind
  /** Undefined for the administrator's key that the environment presets. */
  readonly keyId: Id<'key'> | undefined
  readonly organisationId: Id<'organisation'>
  /** Undefined for an administrator. */
  readonly workspaceId: Id<'workspace'> | undefined
  readonly userId: Id<'user'> | undefined
  readonly scopes: ReadonlySet<string>
}

/** Every state in which a key can be. */
export type KeyLookup =
  | { readonly state: 'active'; readonly caller: KeyHolder }
  | { readonly state: 'administrative' }
  | { readonly state: 'revoked' }
  /** The person whose key it is has been suspended. */
  | { readonly state: 'suspended' }
  | { readonly state: 'expired'; readonly at: number }
  | { readonly state: 'unknown' }

/** All keys, by hash, each with its answer prepared. */
export interface KeyRing {
  /** `now` in milliseconds since the epoch. */
  find(hash: string, now: number): KeyLookup
  /** Undefined for a key that is unknown, revoked or expired, or whose holder is suspended. */
  holder(hash: string, now: number): AdminHolder | undefined
}

export function buildKeyRing(picture: Picture, catalogue: Catalogue, configs: ConfigShelf): KeyRing {
  const workspaces = new Map<string, WorkspaceOfKeys>()
  const { records: everybody = {} } = readOrganisationSettings(picture.organisation?.settings ?? '{}')
  const usual = narrowRules(DEFAULT_RECORD_RULES, everybody)
  for (const { id, slug, defaults: json, records } of picture.workspaces) {
    const defaults = readWorkspaceDefaults(json)
    const find = (reference: string | undefined) => (reference === undefined ? undefined : configs.find(id, reference))
    const config = find(defaults.config) ?? configs.defaultOf(id)
    workspaces.set(id, {
      slug,
      defaults,
      soleProvider: soleOf(catalogue.get(id)),
      find,
      config,
      userKeyConfig: find(defaults.userKeyConfig) ?? config,
      records: records === '{}' ? usual : narrowRules(usual, readRecordSettings(records)),
    })
  }
  const scopesOf = createScopeReader()
  const entries = new Map<string, Entry>()
  const suspended = new Set(picture.suspendedUsers)
  for (const row of picture.keys) {
    const isSuspended = row.user_id !== null && suspended.has(row.user_id)
    const entry = isSuspended && row.revoked_at === null ? suspend(row) : toEntry(row, scopesOf(row.scopes), workspaces)
    entries.set(row.hash, entry)
    if (row.previous_hash !== null) entries.set(row.previous_hash, replaced(entry, row.previous_hash, row))
  }
  return {
    find(hash, now) {
      const entry = entryOf(hash)
      if (entry === undefined) return UNKNOWN
      if (entry.admin !== undefined && entry.expiresAt <= now) return { state: 'expired', at: entry.expiresAt }
      return entry.lookup
    },
    holder(hash, now) {
      const entry = entryOf(hash)
      return entry === undefined || entry.expiresAt <= now ? undefined : entry.admin
    },
  }

  /** The hash is keyed, so the map's timing tells nobody anything; the comparison keeps it so whatever the map does. */
  function entryOf(hash: string): Entry | undefined {
    const entry = entries.get(hash)
    return entry !== undefined && sameHash(entry.hash, hash) ? entry : undefined
  }
}

interface Entry {
  readonly hash: string
  /** Infinity for a key that never expires. */
  readonly expiresAt: number
  /** What to answer until then. */
  readonly lookup: KeyLookup
  /** Undefined when the key is revoked or its holder suspended. */
  readonly admin: AdminHolder | undefined
}

interface WorkspaceOfKeys {
  readonly slug: string
  readonly defaults: WorkspaceDefaults
  readonly soleProvider: string | undefined
  find(config: string | undefined): RoutingConfig | undefined
  readonly config: RoutingConfig | undefined
  /** For the keys of people. */
  readonly userKeyConfig: RoutingConfig | undefined
  readonly records: RecordRules
}

/** The secret that a rotation has replaced opens the same, for as long as the rotation says. */
function replaced(entry: Entry, hash: string, { previous_expires_at: until }: KeyRow): Entry {
  return { ...entry, hash, expiresAt: Math.min(entry.expiresAt, until ?? 0) }
}

function suspend({ hash, expires_at }: KeyRow): Entry {
  return { hash, expiresAt: expires_at ?? Infinity, lookup: SUSPENDED, admin: undefined }
}

function toEntry(row: KeyRow, scopes: ReadonlySet<string>, workspaces: ReadonlyMap<string, WorkspaceOfKeys>): Entry {
  const expiresAt = row.expires_at ?? Infinity
  if (row.revoked_at !== null) return { hash: row.hash, expiresAt, lookup: REVOKED, admin: undefined }
  const admin: AdminHolder = {
    kind: row.kind as KeyKind,
    keyId: asId(row.id),
    organisationId: asId(row.organisation_id),
    workspaceId: row.workspace_id === null ? undefined : asId(row.workspace_id),
    userId: row.user_id === null ? undefined : asId(row.user_id),
    scopes,
  }
  const workspace = row.workspace_id === null ? undefined : workspaces.get(row.workspace_id)
  if (admin.workspaceId === undefined || workspace === undefined) {
    return { hash: row.hash, expiresAt, lookup: ADMINISTRATIVE, admin }
  }
  const own = row.defaults === '{}' ? NOTHING_OF_ITS_OWN : readKeyDefaults(row.defaults)
  const caller: KeyHolder = {
    keyId: asId(row.id),
    keyName: row.name,
    organisationId: admin.organisationId,
    workspaceId: admin.workspaceId,
    workspaceSlug: workspace.slug,
    userId: admin.userId,
    scopes,
    defaultProvider: own.provider ?? workspace.defaults.provider ?? workspace.soleProvider,
    defaultConfig:
      workspace.find(own.config) ?? (row.kind === 'workspace-user' ? workspace.userKeyConfig : workspace.config),
    mayOverrideConfig: own.allowConfigOverride ?? true,
    // The workspace's tags win over the key's, so that administrators can pin a value.
    metadata: { ...own.metadata, ...workspace.defaults.metadata },
    errorFormat: own.errorFormat ?? workspace.defaults.errorFormat ?? 'anthropic',
    records: row.records === '{}' ? workspace.records : narrowRules(workspace.records, readRecordSettings(row.records)),
  }
  return { hash: row.hash, expiresAt, lookup: { state: 'active', caller }, admin }
}

const NOTHING_OF_ITS_OWN: KeyDefaults = { provider: undefined, metadata: {}, allowConfigOverride: null }

/** It may use the admin API, but calls no model. */
export const ADMINISTRATIVE: KeyLookup = { state: 'administrative' }
const REVOKED: KeyLookup = { state: 'revoked' }
const SUSPENDED: KeyLookup = { state: 'suspended' }
const UNKNOWN: KeyLookup = { state: 'unknown' }

function soleOf(providers: ReadonlyMap<string, unknown> | undefined): string | undefined {
  if (providers?.size !== 1) return undefined
  const [slug] = providers.keys()
  return `@${slug}`
}

/** Thousands of keys share a few sets of scopes: one set in memory for each. */
function createScopeReader(): (json: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>()
  return (json) => {
    const scopes = known.get(json) ?? new Set(readScopes(json))
    known.set(json, scopes)
    return scopes
  }
}
