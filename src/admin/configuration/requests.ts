import { INVITED, type Entry } from '../../contract/read-organisation.ts'
import type { Step } from './make-plan.ts'
import type { Names } from './names.ts'

/** A call of the admin API. */
export interface Call {
  readonly method: 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: Entry
}

/** What a step is on the wire: the first call is the thing itself, those behind it its lists. */
export function callsOf(step: Step, names: Names, secrets: Entry): readonly Call[] {
  const { kind, action } = step
  switch (kind) {
    case 'organisation':
      return [{ method: 'PUT', path: '/organisation', body: changed(step) }]
    case 'workspace':
      return ofWorkspace(step, names)
    case 'defaults':
      return [
        {
          method: 'PUT',
          path: workspacePath(step.workspace, names),
          body: { defaults: configsBySlug(step, names, changed(step)) },
        },
      ]
    case 'integration':
      return ofIntegration(step, names, secrets)
    case 'provider':
      return ofProvider(step, names)
    case 'config':
      return ofConfig(step, names)
    case 'user':
      return ofUser(step, names)
    case 'member':
      return ofMember(step, names)
    case 'key':
      return ofKey(step, names)
    case 'usage-policy':
      return simple('/policies/usage-limits', withIds(step, names), names, {})
    case 'rate-policy':
      return simple('/policies/rate-limits', withIds(step, names), names, {})
    case 'alert-channel':
      return simple('/alerts/channels', step, names, action === 'delete' ? {} : secrets)
  }
}

/** Of an update the members that change, of a creation all. */
function changed({ wanted, changes }: Step): Entry {
  const names = new Set(changes.filter(({ secret }) => secret === undefined).map(({ member }) => member))
  return Object.fromEntries(Object.entries(wanted?.entry ?? {}).filter(([member]) => names.has(member)))
}

function ofWorkspace(step: Step, names: Names): readonly Call[] {
  const { action, actual, wanted, name } = step
  if (action === 'create')
    return [{ method: 'POST', path: '/admin/workspaces', body: { ...wanted?.entry, slug: name } }]
  const path = workspacePath(name, names)
  if (action === 'update') return [{ method: 'PUT', path, body: changed(step) }]
  return [{ method: 'DELETE', path, body: { name: actual?.entry['name'] } }]
}

function ofIntegration(step: Step, names: Names, secrets: Entry): readonly Call[] {
  const { action, actual, name } = step
  const path = `/integrations/${encodeURIComponent(name)}`
  if (action === 'delete') return [{ method: 'DELETE', path }]
  const { allow_all_models, models, workspaces, configurations, workspace, ...members } = changed(step)
  const { key, ...inside } = secrets
  const before = actual?.entry['configurations'] as Entry | undefined
  const settings = {
    // What a file leaves out of them stays; the masks of secrets say that those stay.
    ...(configurations !== undefined && { ...before, ...(configurations as Entry) }),
    ...(Object.keys(inside).length > 0 && configurations === undefined && before),
  }
  const account = {
    ...members,
    ...(key !== undefined && { key }),
    ...(Object.keys({ ...settings, ...inside }).length > 0 && {
      configurations: { ...withoutNulls(settings), ...inside },
    }),
  }
  const itself: Call[] =
    action === 'create'
      ? [{ method: 'POST', path: '/integrations', body: createIntegrationBody(name, account, workspace, names) }]
      : Object.keys(account).length === 0
        ? []
        : [{ method: 'PUT', path, body: account }]
  return [...itself, ...ofModels(path, allow_all_models, models, actual), ...ofAccess(path, workspaces, names)]
}

function createIntegrationBody(slug: string, account: Entry, workspace: unknown, names: Names): Entry {
  const owner = typeof workspace === 'string' ? { workspace_id: names.workspace(workspace) } : {}
  return { ...account, slug, ...owner, create_default_provider: false }
}

function withoutNulls(entry: Entry): Entry {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null))
}

/** The list is the whole list, so whatever is on it beside goes. */
function ofModels(path: string, allowAll: unknown, models: unknown, actual: Step['actual']): readonly Call[] {
  if (allowAll === undefined && models === undefined) return []
  const wanted = (Array.isArray(models) ? models : undefined) as readonly { readonly slug: string }[] | undefined
  const before = (actual?.entry['models'] ?? []) as readonly { readonly slug: string }[]
  const gone = before.map(({ slug }) => slug).filter((slug) => wanted?.every((each) => each.slug !== slug) ?? false)
  const body = {
    ...(wanted !== undefined && { models: wanted }),
    ...(allowAll !== undefined && { allow_all_models: allowAll }),
  }
  return [
    { method: 'PUT', path: `${path}/models`, body },
    ...(gone.length === 0 ? [] : [{ method: 'DELETE' as const, path: `${path}/models`, body: { models: gone } }]),
  ]
}

function ofAccess(path: string, workspaces: unknown, names: Names): readonly Call[] {
  if (workspaces === undefined) return []
  const { '*': everybody, ...bySlug } = (workspaces === 'all' ? { '*': {} } : workspaces) as Entry
  const named = Object.entries(bySlug).map(([slug, limits]) => ({
    id: names.workspace(slug),
    enabled: true,
    create_default_provider: false,
    ...(limits as Entry | null),
  }))
  const body = {
    global_workspace_access: everybody !== undefined,
    override_existing_workspace_access: true,
    workspaces: named,
  }
  return [{ method: 'PUT', path: `${path}/workspaces`, body }]
}

function ofProvider(step: Step, names: Names): readonly Call[] {
  const { action, wanted, name, workspace = '' } = step
  const place = `workspace_id=${encodeURIComponent(names.workspace(workspace))}`
  const path = `/providers/${encodeURIComponent(name)}?${place}`
  if (action === 'delete') return [{ method: 'DELETE', path }]
  if (action === 'update') return [{ method: 'PUT', path, body: changed(step) }]
  const { integration, ...members } = wanted?.entry ?? {}
  const body = { ...members, slug: name, integration_id: integration, workspace_id: names.workspace(workspace) }
  return [{ method: 'POST', path: '/providers', body }]
}

function ofConfig(step: Step, names: Names): readonly Call[] {
  const { action, actual, wanted, workspace = '' } = step
  const place = `workspace_id=${encodeURIComponent(names.workspace(workspace))}`
  const path = `/configs/${encodeURIComponent(actual?.handle ?? '')}`
  if (action === 'delete') return [{ method: 'DELETE', path: `${path}?${place}` }]
  if (action === 'update') return [{ method: 'PUT', path, body: changed(step) }]
  return [{ method: 'POST', path: '/configs', body: { ...wanted?.entry, workspace_id: names.workspace(workspace) } }]
}

function ofUser(step: Step, names: Names): readonly Call[] {
  const { action, actual, wanted, name } = step
  if (action === 'create') {
    const { role = 'member' } = wanted?.entry ?? {}
    const workspaces = names
      .memberships(name)
      .map(({ workspace, role: there }) => ({ id: names.workspace(workspace), role: there }))
    return [{ method: 'POST', path: '/admin/users/invites', body: { email: name, role, workspaces } }]
  }
  const id = encodeURIComponent(actual?.id ?? '')
  if (actual?.handle === INVITED) return [{ method: 'DELETE', path: `/admin/users/invites/${id}` }]
  if (action === 'delete') return [{ method: 'DELETE', path: `/admin/users/${id}` }]
  return [{ method: 'PUT', path: `/admin/users/${id}`, body: changed(step) }]
}

function ofMember(step: Step, names: Names): readonly Call[] {
  const { action, actual, wanted, name, workspace } = step
  const path = `${workspacePath(workspace, names)}/users`
  if (action === 'create') {
    return [{ method: 'POST', path, body: { users: [{ id: names.user(name), ...wanted?.entry }] } }]
  }
  const one = `${path}/${encodeURIComponent(actual?.id ?? '')}`
  return action === 'delete' ? [{ method: 'DELETE', path: one }] : [{ method: 'PUT', path: one, body: changed(step) }]
}

function ofKey(step: Step, names: Names): readonly Call[] {
  const { action, actual, wanted, workspace } = step
  const path = `/api-keys/${encodeURIComponent(actual?.id ?? '')}`
  if (action === 'delete') return [{ method: 'DELETE', path }]
  if (action === 'update') {
    const { defaults, ...members } = changed(step)
    const before = actual?.entry['defaults'] as Entry | undefined
    // The API replaces them as a whole; what a file leaves out stays.
    const whole =
      defaults === undefined ? {} : { defaults: configsBySlug(step, names, { ...before, ...(defaults as Entry) }) }
    return [{ method: 'PUT', path, body: { ...members, ...whole } }]
  }
  const { type = 'service', user, defaults, ...members } = wanted?.entry ?? {}
  const home = workspace === undefined ? {} : { workspace_id: names.workspace(workspace) }
  const owner = typeof user === 'string' ? { user_id: names.user(user) } : {}
  const asked = defaults === undefined ? {} : { defaults: configsBySlug(step, names, defaults as Entry) }
  const address = workspace === undefined ? '/api-keys/organisation/service' : `/api-keys/workspace/${String(type)}`
  return [{ method: 'POST', path: address, body: { ...members, ...home, ...owner, ...asked } }]
}

/** Policies and channels: made in a list, changed and deleted by id. */
function simple(path: string, step: Step, names: Names, more: Entry): readonly Call[] {
  const { action, actual, wanted, workspace } = step
  const one = `${path}/${encodeURIComponent(actual?.id ?? '')}`
  if (action === 'delete') return [{ method: 'DELETE', path: one }]
  if (action === 'update') return [{ method: 'PUT', path: one, body: { ...changed(step), ...more } }]
  const home = workspace === undefined ? {} : { workspace_id: names.workspace(workspace) }
  return [{ method: 'POST', path, body: { ...wanted?.entry, ...more, ...home } }]
}

/** What conditions look for, by id; a file knows keys and configs by name. */
function withIds(step: Step, names: Names): Step {
  const { wanted, workspace } = step
  const written = wanted?.entry['conditions']
  if (wanted === undefined || !Array.isArray(written)) return step
  const conditions = written.map((condition: Entry) => {
    const idOf = (value: unknown) => {
      if (typeof value !== 'string' || value === '*') return value
      if (condition['key'] === 'api_key') return names.key(workspace, value)
      if (condition['key'] === 'workspace_id') return names.workspace(value)
      return condition['key'] === 'config' ? names.config(workspace ?? '', value) : value
    }
    const value = condition['value']
    return { ...condition, value: Array.isArray(value) ? value.map(idOf) : idOf(value) }
  })
  return { ...step, wanted: { ...wanted, entry: { ...wanted.entry, conditions } } }
}

/** Files know configs by their names, the API by slugs that it makes. */
function configsBySlug({ workspace = '' }: Step, names: Names, defaults: Entry): Entry {
  const { config, user_api_key_config: ofPeople, ...others } = defaults
  const slugOf = (name: unknown) => (typeof name === 'string' ? names.config(workspace, name) : null)
  return {
    ...others,
    ...(config !== undefined && { config_id: slugOf(config) }),
    ...(ofPeople !== undefined && { user_api_key_config: slugOf(ofPeople) }),
  }
}

function workspacePath(slug: string | undefined, names: Names): string {
  return `/admin/workspaces/${encodeURIComponent(names.workspace(slug ?? ''))}`
}
