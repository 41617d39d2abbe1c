import type { Database } from '../../store/database.ts'
import { findUser, type User } from '../../store/users.ts'
import type { AdminCaller } from '../caller.ts'
import { missing } from '../error.ts'

/** The person of that id or e-mail address. */
export async function seeUser(db: Database, caller: AdminCaller, reference: string): Promise<User> {
  const user = await findUser(db, caller.organisationId, reference)
  if (user === undefined) throw missing(`The user ${reference}`)
  return user
}
