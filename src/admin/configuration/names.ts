import type { Resource } from '../../contract/read-organisation.ts'
import type { Wanted } from './wanted.ts'

/** What the names of a file stand for in the API, as far as it is known: what is made on the way is learnt. */
export interface Names {
  /** The id of a workspace; its slug before it is made. */
  workspace(slug: string): string
  /** The slug of a config; a name that fits before it is made. */
  config(workspace: string, name: string): string
  /** The id of a key, by `ci` or `payments/ci`; a name before it is made. */
  key(workspace: string | undefined, name: string): string
  /** The id of a person; the address of one who is not here yet. */
  user(email: string): string
  /** In which workspaces a file wants somebody, for their invitation. */
  memberships(email: string): readonly { readonly workspace: string; readonly role: unknown }[]
  learnWorkspace(slug: string, id: string): void
  learnKey(workspace: string | undefined, name: string, id: string): void
  learnConfig(workspace: string, name: string, slug: string): void
}

export function createNames(wanted: readonly Wanted[], actual: readonly Resource[]): Names {
  const workspaces = new Map<string, string>()
  const configs = new Map<string, string>()
  const users = new Map<string, string>()
  const keys = new Map<string, string>()
  for (const { kind, workspace, name, id, handle } of actual) {
    if (kind === 'workspace') workspaces.set(handle, id)
    if (kind === 'user') users.set(name.toLowerCase(), id)
    if (kind === 'key') keys.set(`${workspace}/${name}`, id)
    if (kind !== 'config') continue
    configs.set(`${workspace}/${handle}`, handle)
    configs.set(`${workspace}/${name}`, handle)
  }
  const planned = new Set(
    wanted.filter(({ kind }) => kind === 'config').map(({ workspace, name }) => `${workspace}/${name}`),
  )
  return {
    workspace: (slug) => workspaces.get(slug) ?? slug,
    config: (workspace, name) =>
      configs.get(`${workspace}/${name}`) ?? (planned.has(`${workspace}/${name}`) ? 'pc-new' : name),
    user: (email) => users.get(email.toLowerCase()) ?? email,
    key: (workspace, name) => keys.get(`${workspace}/${name}`) ?? keys.get(name) ?? name,
    memberships: (email) =>
      wanted
        .filter(({ kind, name }) => kind === 'member' && name === email)
        .map(({ workspace = '', entry }) => ({ workspace, role: entry['role'] })),
    learnWorkspace: (slug, id) => void workspaces.set(slug, id),
    learnKey: (workspace, name, id) => void keys.set(`${workspace}/${name}`, id),
    learnConfig: (workspace, name, slug) => void configs.set(`${workspace}/${name}`, slug),
  }
}
