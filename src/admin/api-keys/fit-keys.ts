import { WORKSPACE_ROLE_SCOPES } from '../../contract/roles.ts'
import type { Database } from '../../store/database.ts'
import { listKeysOf, revokeKey, updateKey, type ApiKey } from '../../store/keys.ts'
import { listMemberships } from '../../store/members.ts'
import { findUserById } from '../../store/users.ts'
import type { Note } from '../change.ts'
import type { AdminParts } from '../parts.ts'
import { showKey } from './show-key.ts'

type FitParts = Pick<AdminParts, 'clock' | 'limits'>

/**
 * Fits the keys of a person to what they may do by now, so that no key is a way to keep rights that were taken away: those of
 * workspaces they have left are revoked, the others lose the scopes that their role does not have. Owners and admins keep all.
 * Each key that changes is noted.
 */
export async function fitKeys(tx: Database, userId: string, parts: FitParts, note: Note): Promise<void> {
  const user = await findUserById(tx, userId)
  if (user?.role !== 'member') return
  const roles = new Map((await listMemberships(tx, userId)).map(({ workspaceId, role }) => [workspaceId, role]))
  for (const key of await listKeysOf(tx, userId)) {
    const role = key.workspaceId && roles.get(key.workspaceId)
    if (role === undefined) {
      await noteRevoked(tx, key, parts, note)
      await revokeKey(tx, key.id, parts.clock.now())
      continue
    }
    const scopes = key.scopes.filter((scope) => WORKSPACE_ROLE_SCOPES[role].has(scope))
    if (scopes.length === key.scopes.length) continue
    const before = await showKey(tx, key, parts)
    await updateKey(tx, key.id, { scopes }, parts.clock.now())
    const { id, workspaceId } = key
    note({ action: 'update', resource: 'key', id, workspaceId, before, after: { ...before, scopes } })
  }
}

/** A key goes together with something else. */
export async function noteRevoked(tx: Database, key: ApiKey, parts: FitParts, note: Note): Promise<void> {
  const before = await showKey(tx, key, parts)
  note({ action: 'delete', resource: 'key', id: key.id, workspaceId: key.workspaceId, before })
}
