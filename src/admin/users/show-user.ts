import type { z } from 'zod'
import type { User as UserAnswer } from '../../contract/users.ts'
import type { Database } from '../../store/database.ts'
import { listWorkspaceIds } from '../../store/members.ts'
import type { User } from '../../store/users.ts'
import { readLimits, showListed } from '../limits/show-limits.ts'
import type { AdminParts } from '../parts.ts'
import { showMoment } from '../show-moment.ts'

/** People with the workspaces they are members of, and their limits. */
export async function showUsers(
  db: Database,
  users: readonly User[],
  { limits }: Pick<AdminParts, 'limits'>,
): Promise<z.output<typeof UserAnswer>[]> {
  const ids = users.map(({ id }) => id)
  const memberships = await listWorkspaceIds(db, ids)
  const limitsOf = await readLimits(db, 'user', ids, limits)
  return users.map((user) => ({
    id: user.id,
    first_name: user.firstName,
    last_name: user.lastName,
    email: user.email,
    role: user.role,
    status: user.status,
    has_password: user.hasPassword,
    workspace_ids: [...(memberships.get(user.id) ?? [])],
    ...showListed(limitsOf(user.id)),
    created_at: showMoment(user.createdAt),
    last_updated_at: showMoment(user.updatedAt),
    object: 'user',
  }))
}

export async function showUser(
  db: Database,
  user: User,
  parts: Pick<AdminParts, 'limits'>,
): Promise<z.output<typeof UserAnswer>> {
  const [shown] = await showUsers(db, [user], parts)
  if (shown === undefined) throw new Error('A user was shown as nobody.')
  return shown
}
