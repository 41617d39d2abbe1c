import { WORKSPACE_ROLE_SCOPES } from '../../contract/roles.ts'
import type { Database } from '../../store/database.ts'
import { listKeysOf, revokeKey, updateKey } from '../../store/keys.ts'
import { listMemberships } from '../../store/members.ts'
import { findUserById } from '../../store/users.ts'

/**
 * Fits the keys of a person to what they may do by now, so that no key is a way to keep rights that were taken away: those of
 * workspaces they have left are revoked, the others lose the scopes that their role does not have. Owners and admins keep all.
 */
export async function fitKeys(tx: Database, userId: string, now: number): Promise<void> {
  const user = await findUserById(tx, userId)
  if (user?.role !== 'member') return
  const roles = new Map((await listMemberships(tx, userId)).map(({ workspaceId, role }) => [workspaceId, role]))
  for (const key of await listKeysOf(tx, userId)) {
    const role = key.workspaceId && roles.get(key.workspaceId)
    if (role === undefined) {
      await revokeKey(tx, key.id, now)
      continue
    }
    const scopes = key.scopes.filter((scope) => WORKSPACE_ROLE_SCOPES[role].has(scope))
    if (scopes.length < key.scopes.length) await updateKey(tx, key.id, { scopes }, now)
  }
}
