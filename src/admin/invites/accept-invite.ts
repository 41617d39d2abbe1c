import { newId } from '../../core/ids.ts'
import type { Database } from '../../store/database.ts'
import { nameInvited, takeInvite, type Invite } from '../../store/invites.ts'
import { insertKey } from '../../store/keys.ts'
import { insertMember } from '../../store/members.ts'
import { findUserById, insertUser, updateUser, type User } from '../../store/users.ts'
import { findWorkspace } from '../../store/workspaces.ts'
import type { AdminParts } from '../parts.ts'

/** What somebody says of themselves when they accept. */
export interface Acceptance {
  readonly firstName: string
  readonly lastName: string
  /** Undefined for who will sign in by link alone. */
  readonly passwordHash: string | undefined
}

export interface Accepted {
  readonly user: User
  /** Keys that were promised, at the only moment at which they are known. */
  readonly keys: readonly { readonly workspace: string; readonly secret: string }[]
}

/**
 * Makes a user of somebody who was invited: a member of the workspaces that still exist, with the keys that were promised.
 * Undefined when another tab was quicker. Runs inside the caller's transaction.
 */
export async function acceptInvite(
  tx: Database,
  invite: Invite,
  { firstName, lastName, passwordHash }: Acceptance,
  { clock, keys: maker }: Pick<AdminParts, 'clock' | 'keys'>,
): Promise<Accepted | undefined> {
  const now = clock.now()
  if (!(await takeInvite(tx, invite.id, now))) return undefined
  const stamps = { createdAt: now, updatedAt: now }
  const userId = newId<'user'>(now)
  const { organisationId, email, role } = invite
  await insertUser(tx, { id: userId, organisationId, email, firstName, lastName, role, ...stamps })
  if (passwordHash !== undefined) await updateUser(tx, userId, { passwordHash }, now)
  await nameInvited(tx, invite.id, userId)
  const keys: { workspace: string; secret: string }[] = []
  for (const wish of invite.workspaces) {
    const workspace = await findWorkspace(tx, organisationId, wish.id)
    if (workspace === undefined) continue
    await insertMember(tx, { workspaceId: workspace.id, userId, role: wish.role, joinedAt: now })
    if (invite.key === undefined) continue
    const { secret, hash, masked } = maker.make('workspace-user')
    await insertKey(tx, {
      id: newId(now),
      organisationId,
      workspaceId: workspace.id,
      userId,
      kind: 'workspace-user',
      name: invite.key.name ?? `Key of ${firstName === '' ? email : firstName}`,
      description: 'Made when the invite was accepted.',
      hash,
      masked,
      scopes: invite.key.scopes,
      defaults: { provider: undefined, metadata: {}, allowConfigOverride: null },
      expiresAt: undefined,
      revokedAt: undefined,
      ...stamps,
    })
    keys.push({ workspace: workspace.name, secret })
  }
  const user = await findUserById(tx, userId)
  return user === undefined ? undefined : { user, keys }
}
