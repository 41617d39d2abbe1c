import { WORKSPACE_ROLE_SCOPES } from '../../contract/roles.ts'
import type { Database } from '../../store/database.ts'
import { findMember } from '../../store/members.ts'
import { findUserById } from '../../store/users.ts'
import { isAdministrator, type Identity } from '../caller.ts'
import { invalid } from '../error.ts'

/**
 * Refuses a person's key where that person has no place, or with scopes that their role there does not have: a key must not be
 * a way to more than one may do oneself. Owners and admins have a place everywhere, but only administrators and they themselves
 * make use of that: nobody else should spend in their name.
 */
export async function requireHolder(
  db: Database,
  caller: Identity,
  workspaceId: string | undefined,
  userId: string | undefined,
  scopes: readonly string[],
): Promise<void> {
  const user = userId === undefined ? undefined : await findUserById(db, userId)
  if (workspaceId === undefined || user === undefined) return
  const standsAbove = user.role !== 'member'
  if (standsAbove && (isAdministrator(caller) || caller.userId === user.id)) return
  const member = await findMember(db, workspaceId, user.id)
  if (member === undefined) throw invalid(`user_id: ${user.email} is no member of this workspace; add them first`)
  if (standsAbove) return
  const beyond = scopes.filter((scope) => !WORKSPACE_ROLE_SCOPES[member.role].has(scope))
  if (beyond.length > 0) {
    throw invalid(`scopes: ${user.email} is ${member.role} of this workspace and may not have ${beyond.join(', ')}`)
  }
}
