import type { Database } from '../../store/database.ts'
import { countActiveOwners, type User } from '../../store/users.ts'
import { conflict } from '../error.ts'

/** Refuses to take the last owner away who can sign in: nobody could make another one. */
export async function keepAnOwner(tx: Database, user: User): Promise<void> {
  if (user.role !== 'owner' || user.status !== 'active') return
  if ((await countActiveOwners(tx, user.organisationId)) > 1) return
  throw conflict(`${user.email} is the last owner. Make somebody else an owner first.`)
}
