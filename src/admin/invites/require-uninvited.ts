import type { Database } from '../../store/database.ts'
import { listInvites } from '../../store/invites.ts'
import { findUser } from '../../store/users.ts'
import { conflict } from '../error.ts'

/** Refuses to invite who is a user, or has another open invite than `except`: of two, only one could be accepted. */
export async function requireUninvited(
  tx: Database,
  organisationId: string,
  email: string,
  now: number,
  except?: string,
): Promise<void> {
  if ((await findUser(tx, organisationId, email)) !== undefined) {
    throw conflict(`${email} is a user already. Add them to a workspace instead.`)
  }
  const { items } = await listInvites(tx, organisationId, { email, status: 'pending' }, { offset: 0, limit: 2 }, now)
  if (items.every(({ id }) => id === except)) return
  throw conflict(`${email} is invited already. Send that invite again, or cancel it.`)
}
