import { type Ask, list, member, named, record, text, truthy } from './answer.ts'

/*
 * What an organisation consists of, as its admin API shows it, in the words of a configuration file. Portkey's API speaks the same contract, so
 * the same reader serves the plan, the export and the import. It is forgiving where Portkey's answers differ from ours.
 */

export const RESOURCE_KINDS = [
  'organisation',
  'workspace',
  'integration',
  'provider',
  'config',
  'defaults',
  'user',
  'member',
  'key',
  'usage-policy',
  'rate-policy',
  'alert-channel',
] as const
/** In the order in which they depend on each other. `defaults` are those of a workspace, which name its providers and configs. */
export type ResourceKind = (typeof RESOURCE_KINDS)[number]

/** The members of a resource, by the names that the file and the API have for them. */
export type Entry = Readonly<Record<string, unknown>>

export interface Resource {
  readonly kind: ResourceKind
  /** Slug of the workspace it lives in; undefined for what belongs to the organisation. */
  readonly workspace: string | undefined
  /** How a file names it beside its likes: a slug, a name, an address. */
  readonly name: string
  /** By which the API finds it. */
  readonly id: string
  /** The other word by which it may be meant: a slug where there is one. */
  readonly handle: string
  readonly entry: Entry
}

/** Reads everything. Lists are read to their end. */
export async function readOrganisation(ask: Ask): Promise<readonly Resource[]> {
  const users = await list(ask, '/admin/users')
  const emails = new Map(users.map((user) => [text(user, 'id') ?? '', text(user, 'email') ?? '']))
  const workspaces = await list(ask, '/admin/workspaces')
  const slugs = new Map(workspaces.map((workspace) => [text(workspace, 'id') ?? '', slugOf(workspace)]))
  const keys = (await list(ask, '/api-keys')).filter((key) => !GONE.has(text(key, 'status') ?? ''))
  const resources = [
    ...readOrganisationItself(await ask('/organisation')),
    ...(await readIntegrations(ask, slugs)),
    ...(await readUsers(ask, users, slugs)),
    ...readKeys(keys, slugs, emails, undefined),
    ...(await readOrganisationWide(ask)),
    ...(await Promise.all(workspaces.map((workspace) => readWorkspace(ask, workspace, keys, slugs, emails)))).flat(),
  ]
  return resources.map((each) =>
    each.kind === 'usage-policy' || each.kind === 'rate-policy' ? nameConditions(each, resources) : each,
  )
}

/** What conditions look for, by the names that a file has for it; the API keeps ids. */
const CONDITIONS: Readonly<Record<string, ResourceKind>> = {
  api_key: 'key',
  user: 'user',
  'metadata._user': 'user',
  workspace_id: 'workspace',
  config: 'config',
}

function nameConditions(policy: Resource, resources: readonly Resource[]): Resource {
  const written = policy.entry['conditions']
  if (!Array.isArray(written)) return policy
  const conditions = written.map((condition: unknown) => {
    const kind = CONDITIONS[text(condition, 'key') ?? '']
    const value = member(condition, 'value')
    const nameOf = (id: unknown) => {
      const found = resources.find((each) => each.kind === kind && (each.id === id || each.handle === id))
      if (found === undefined) return id
      // A policy of the organisation may mean a thing in any workspace.
      return found.workspace === undefined || found.workspace === policy.workspace
        ? found.name
        : `${found.workspace}/${found.name}`
    }
    const named = Array.isArray(value) ? value.map(nameOf) : nameOf(value)
    return {
      ...pick(condition, ['key']),
      value: named,
      ...(truthy(member(condition, 'excludes')) && { excludes: true }),
    }
  })
  return { ...policy, entry: { ...policy.entry, conditions } }
}

const GONE = new Set(['revoked', 'archived', 'deleted'])

function readOrganisationItself(answer: unknown): Resource[] {
  if (answer === undefined) return []
  const entry = pick(answer, ['name', 'time_zone', 'contact', 'session_hours', 'end_running_streams', 'records'])
  return [
    {
      ...resource('organisation', undefined, 'organisation', 'organisation'),
      entry: { ...entry, ...limitsOf(answer) },
    },
  ]
}

async function readIntegrations(ask: Ask, slugs: ReadonlyMap<string, string>): Promise<Resource[]> {
  const integrations = await list(ask, '/integrations?type=all')
  return Promise.all(
    integrations.map(async (item) => {
      const slug = slugOf(item)
      const path = `/integrations/${encodeURIComponent(slug)}`
      const [whole, models, access] = await Promise.all([ask(path), ask(`${path}/models`), ask(`${path}/workspaces`)])
      const owner = text(item, 'workspace_id')
      const entry = {
        ...pick(item, ['name', 'description', 'ai_provider_id']),
        ...(owner !== undefined && { workspace: slugs.get(owner) ?? owner }),
        configurations: record(whole, 'configurations'),
        ...(text(whole, 'masked_key') !== undefined && { key: text(whole, 'masked_key') }),
        allow_all_models: truthy(member(models, 'allow_all_models') ?? true),
        models: named(models, 'models').map(readModel),
        ...(owner === undefined && { workspaces: readAccess(access, whole) }),
      }
      return { ...resource('integration', undefined, slug, text(item, 'id') ?? slug, slug), entry }
    }),
  )
}

function readModel(model: unknown): Entry {
  return {
    slug: text(model, 'slug') ?? '',
    ...(!truthy(member(model, 'enabled') ?? true) && { enabled: false }),
    ...(truthy(member(model, 'is_custom')) && { is_custom: true }),
    ...(text(model, 'base_model_slug') !== undefined && { base_model_slug: text(model, 'base_model_slug') }),
  }
}

/** `all`, or by the slug of a workspace what it may use of the account. */
function readAccess(access: unknown, whole: unknown): 'all' | Entry {
  const rows = named(access, 'workspaces')
  const open = member(access, 'global_workspace_access') ?? member(whole, 'global_workspace_access_settings')
  const limited = rows.filter((row) => Object.keys(limitsOf(row)).length > 0)
  const isOpen = truthy(typeof open === 'object' && open !== null ? member(open, 'enabled') : open)
  if (isOpen && limited.length === 0) return 'all'
  const inside = isOpen ? rows : rows.filter((row) => truthy(member(row, 'enabled') ?? true))
  const named_ = Object.fromEntries(inside.map((row) => [slugOf(row), limitsOf(row)]))
  return isOpen ? { '*': {}, ...Object.fromEntries(limited.map((row) => [slugOf(row), limitsOf(row)])) } : named_
}

async function readUsers(ask: Ask, users: readonly unknown[], slugs: ReadonlyMap<string, string>): Promise<Resource[]> {
  const invites = (await list(ask, '/admin/users/invites')).filter((invite) => text(invite, 'status') === 'pending')
  const accepted = users.map((user) => ({
    ...resource('user', undefined, text(user, 'email') ?? '', text(user, 'id') ?? ''),
    entry: {
      ...pick(user, ['role', 'first_name', 'last_name']),
      ...(text(user, 'status') === 'suspended' && { status: 'suspended' }),
      ...limitsOf(user),
    },
  }))
  const invited = invites.flatMap((invite) => {
    const email = text(invite, 'email') ?? ''
    const workspaces = named(invite, 'workspaces')
    return [
      { ...resource('user', undefined, email, text(invite, 'id') ?? '', INVITED), entry: pick(invite, ['role']) },
      ...workspaces.map((workspace) => {
        const slug = slugs.get(text(workspace, 'id') ?? '') ?? text(workspace, 'slug') ?? text(workspace, 'id') ?? ''
        return { ...resource('member', slug, email, email, INVITED), entry: pick(workspace, ['role']) }
      }),
    ]
  })
  return [...accepted, ...invited]
}

/** The handle of somebody who has not accepted yet, and of what the invitation promises them. */
export const INVITED = '(invited)'

async function readOrganisationWide(ask: Ask): Promise<Resource[]> {
  const ownedByAll = (item: unknown) => text(item, 'workspace_id') === undefined
  const [usage, rates, channels] = await Promise.all([
    list(ask, '/policies/usage-limits'),
    list(ask, '/policies/rate-limits'),
    list(ask, '/alerts/channels'),
  ])
  return [
    ...readPolicies(usage.filter(ownedByAll), 'usage-policy', undefined),
    ...readPolicies(rates.filter(ownedByAll), 'rate-policy', undefined),
    ...readChannels(channels.filter(ownedByAll), undefined),
  ]
}

async function readWorkspace(
  ask: Ask,
  item: unknown,
  keys: readonly unknown[],
  slugs: ReadonlyMap<string, string>,
  emails: ReadonlyMap<string, string>,
): Promise<Resource[]> {
  const id = text(item, 'id') ?? ''
  const slug = slugOf(item)
  const here = `workspace_id=${encodeURIComponent(id)}`
  const isOurs = (each: unknown) => text(each, 'workspace_id') === id || text(each, 'workspace_id') === slug
  const [whole, providers, configs, usage, rates, channels] = await Promise.all([
    ask(`/admin/workspaces/${encodeURIComponent(id)}`),
    list(ask, `/providers?${here}`),
    list(ask, `/configs?${here}`),
    list(ask, `/policies/usage-limits?${here}`),
    list(ask, `/policies/rate-limits?${here}`),
    list(ask, `/alerts/channels?${here}`),
  ])
  const active = configs.filter((config) => !GONE.has(text(config, 'status') ?? ''))
  const configNames = namesOf(active)
  const isDefault = truthy(member(item, 'is_default'))
  const entry = {
    ...pick(whole, ['name', 'description', 'records']),
    ...limitsOf(whole),
    ...(isDefault && { is_default: true }),
  }
  return [
    { ...resource('workspace', undefined, slug, id, slug), entry },
    { ...resource('defaults', slug, 'defaults', id), entry: readDefaults(member(whole, 'defaults'), configNames) },
    ...named(whole, 'users').map((user) => ({
      ...resource('member', slug, text(user, 'email') ?? '', text(user, 'id') ?? ''),
      entry: pick(user, ['role']),
    })),
    ...providers.map((provider) => readProvider(provider, slug)),
    ...(await Promise.all(active.map((config) => readConfig(ask, config, configNames, slug, here)))),
    ...readKeys(keys, slugs, emails, slug, configNames),
    ...readPolicies(usage.filter(isOurs), 'usage-policy', slug),
    ...readPolicies(rates.filter(isOurs), 'rate-policy', slug),
    ...readChannels(channels.filter(isOurs), slug),
  ]
}

function readProvider(provider: unknown, workspace: string): Resource {
  const slug = slugOf(provider)
  const entry = {
    ...pick(provider, ['name', 'note', 'expires_at']),
    integration: text(provider, 'integration_slug') ?? text(provider, 'integration_id'),
    ...limitsOf(provider),
  }
  return { ...resource('provider', workspace, slug, text(provider, 'id') ?? slug, slug), entry }
}

async function readConfig(
  ask: Ask,
  item: unknown,
  names: ReadonlyMap<string, string>,
  workspace: string,
  here: string,
): Promise<Resource> {
  const slug = slugOf(item)
  const answer = await ask(`/configs/${encodeURIComponent(slug)}?${here}`)
  const wrapped = member(answer, 'data') ?? answer
  const document = member(wrapped, 'config')
  const entry = {
    name: text(item, 'name') ?? slug,
    config: typeof document === 'string' ? parse(document) : document,
    ...(truthy(member(item, 'is_default')) && { is_default: true }),
  }
  return { ...resource('config', workspace, names.get(slug) ?? slug, text(item, 'id') ?? slug, slug), entry }
}

/** Portkey hands documents out as text. What is none stays what it is, for whoever reads on to refuse. */
function parse(document: string): unknown {
  try {
    return JSON.parse(document)
  } catch {
    return document
  }
}

function readDefaults(defaults: unknown, configs: ReadonlyMap<string, string>): Entry {
  const nameOf = (reference: string | undefined) =>
    reference === undefined ? undefined : (configs.get(reference) ?? reference)
  const errorFormat = text(defaults, 'error_format')
  return {
    ...pick(defaults, ['provider', 'metadata']),
    ...(errorFormat !== undefined && errorFormat !== 'anthropic' && { error_format: errorFormat }),
    ...(text(defaults, 'config_id') !== undefined && { config: nameOf(text(defaults, 'config_id')) }),
    ...(text(defaults, 'user_api_key_config') !== undefined && {
      user_api_key_config: nameOf(text(defaults, 'user_api_key_config')),
    }),
  }
}

function readKeys(
  keys: readonly unknown[],
  slugs: ReadonlyMap<string, string>,
  emails: ReadonlyMap<string, string>,
  workspace: string | undefined,
  configs: ReadonlyMap<string, string> = new Map(),
): Resource[] {
  const here = keys.filter((key) => {
    const owner = text(key, 'workspace_id')
    return owner === undefined ? workspace === undefined : (slugs.get(owner) ?? owner) === workspace
  })
  const names = namesOf(here)
  return here.map((key) => {
    const id = text(key, 'id') ?? ''
    const user = text(key, 'user_id')
    const rotation = pick(member(key, 'rotation_policy'), OF_ROTATION)
    const override = member(key, 'allow_config_override') ?? member(member(key, 'defaults'), 'allow_config_override')
    const entry = {
      ...pick(key, ['name', 'description', 'scopes', 'expires_at', 'alert_emails', 'records']),
      ...(isEmpty(rotation) ? {} : { rotation_policy: rotation }),
      type: text(key, 'type')?.endsWith('user') === true ? 'user' : 'service',
      ...(user !== undefined && { user: emails.get(user) ?? user }),
      defaults: {
        ...readDefaults(member(key, 'defaults'), configs),
        ...(override !== null && override !== undefined && { allow_config_override: truthy(override) }),
      },
      ...limitsOf(key),
    }
    return { ...resource('key', workspace, names.get(id) ?? id, id), entry }
  })
}

/** Without the next time, which moves by itself. */
const OF_ROTATION = ['rotation_period', 'rotation_period_days', 'key_transition_period_ms']

const OF_POLICIES = ['name', 'description', 'conditions', 'group_by', 'type', 'unit', 'value']

function readPolicies(
  policies: readonly unknown[],
  kind: 'usage-policy' | 'rate-policy',
  workspace: string | undefined,
): Resource[] {
  const live = policies.filter((policy) => !GONE.has(text(policy, 'status') ?? ''))
  const names = namesOf(live)
  return live.map((policy) => {
    const id = text(policy, 'id') ?? ''
    const target = text(policy, 'target')
    const entry = { ...budgetOf(policy, OF_POLICIES), ...(target !== undefined && target !== 'llm' && { target }) }
    return { ...resource(kind, workspace, names.get(id) ?? id, id), entry }
  })
}

function readChannels(channels: readonly unknown[], workspace: string | undefined): Resource[] {
  const names = namesOf(channels)
  return channels.map((channel) => {
    const id = text(channel, 'id') ?? ''
    const entry = pick(channel, ['name', 'kind', 'events', 'enabled', 'url', 'to'])
    return { ...resource('alert-channel', workspace, names.get(id) ?? id, id), entry }
  })
}

const OF_BUDGETS = [
  'type',
  'credit_limit',
  'alert_threshold',
  'alert_thresholds',
  'periodic_reset',
  'periodic_reset_days',
  'enforcement',
  'mode',
]

/** The budgets and rate limits of whatever has them, without what is used of them. */
function limitsOf(value: unknown): Entry {
  const usage = many(member(value, 'usage_limits')).map((limit) => budgetOf(limit, []))
  const rates = many(member(value, 'rate_limits')).map((limit) => pick(limit, ['type', 'unit', 'value']))
  return { ...(usage.length > 0 && { usage_limits: usage }), ...(rates.length > 0 && { rate_limits: rates }) }
}

/** A budget with one way to say when somebody is told. */
function budgetOf(value: unknown, more: readonly string[]): Entry {
  const { alert_threshold: one, alert_thresholds: several, ...terms } = pick(value, [...more, ...OF_BUDGETS])
  const thresholds = several ?? (one === undefined ? undefined : [one])
  return { ...terms, ...(thresholds !== undefined && { alert_thresholds: thresholds }) }
}

function many(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

/** Those members that say something. */
function pick(value: unknown, members: readonly string[]): Entry {
  return Object.fromEntries(
    members.flatMap((name) => {
      const found = member(value, name)
      return found === undefined || found === null || found === '' || isEmpty(found) ? [] : [[name, found]]
    }),
  )
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** What a file calls each of these, by id and by slug: its name, or its slug or id where two have the same name. */
function namesOf(items: readonly unknown[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(text(item, 'name') ?? '', (counts.get(text(item, 'name') ?? '') ?? 0) + 1)
  return new Map(
    items.flatMap((item) => {
      const [name = '', id = '', slug = id] = [text(item, 'name'), text(item, 'id'), text(item, 'slug')]
      const shown = name === '' || counts.get(name) !== 1 ? slug : name
      return [[id, shown] as const, [slug, shown] as const]
    }),
  )
}

function slugOf(value: unknown): string {
  return text(value, 'slug') ?? text(value, 'id') ?? ''
}

function resource(
  kind: ResourceKind,
  workspace: string | undefined,
  name: string,
  id: string,
  handle = id,
): Omit<Resource, 'entry'> {
  return { kind, workspace, name, id, handle }
}
