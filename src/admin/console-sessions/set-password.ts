import type { z } from 'zod'
import type { PasswordChange } from '../../contract/console-sessions.ts'
import { hashPassword, verifyPassword } from '../../credentials/password.ts'
import { deleteSessionsOf, findConsoleSessionById } from '../../store/console-sessions.ts'
import { findUserById, readPasswordHash, updateUser } from '../../store/users.ts'
import type { AdminCaller } from '../caller.ts'
import { audited } from '../change.ts'
import { forbidden, invalid } from '../error.ts'
import type { AdminParts } from '../parts.ts'

/**
 * Other sessions of the person end, and links that were not used: whoever changes a password may fear that somebody else is
 * in. Who came in by a link need not know the old one; that is how a forgotten password is replaced.
 *
 * Throws AB03 for a key, and AB01 when the old password is not the right one.
 */
export async function setPassword(
  caller: AdminCaller,
  { current_password: current, new_password: wanted }: z.infer<typeof PasswordChange>,
  parts: AdminParts,
): Promise<void> {
  const { db } = parts.store
  const { userId, sessionId } = caller
  if (userId === undefined || sessionId === undefined) throw forbidden('A key has no password: sign in first.')
  const session = await findConsoleSessionById(db, sessionId)
  const stored = await readPasswordHash(db, userId)
  // Hashing takes its time and is done outside the transaction, which everybody else would wait for.
  if (session?.method !== 'link' && stored !== undefined && !(await verifyPassword(stored, current ?? ''))) {
    throw invalid('current_password: is not the right one')
  }
  const passwordHash = await hashPassword(wanted)
  await audited(parts, { caller, action: 'change-password', resource: 'user' }, async (tx, note) => {
    await updateUser(tx, userId, { passwordHash }, parts.clock.now())
    await deleteSessionsOf(tx, userId, sessionId)
    const user = await findUserById(tx, userId)
    note({ id: userId, after: { email: user?.email ?? null } })
  })
}
