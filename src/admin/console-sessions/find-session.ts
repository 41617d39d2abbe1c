import type { SignInMethod } from '../../store/console-sessions.ts'
import { findConsoleSession } from '../../store/console-sessions.ts'
import { findUserById, type User } from '../../store/users.ts'
import type { AdminParts } from '../parts.ts'

/** A person with a running session. */
export interface SignedIn {
  readonly sessionId: string
  readonly user: User
  /** How the session began. */
  readonly method: SignInMethod
  readonly expiresAt: number
}

/** The person behind a session's token; undefined when it has ended, or the person is suspended. */
export async function findSession(
  token: string,
  { store, keys, clock }: Pick<AdminParts, 'store' | 'keys' | 'clock'>,
): Promise<SignedIn | undefined> {
  const session = await findConsoleSession(store.db, keys.hash(token), clock.now())
  const user = session && (await findUserById(store.db, session.userId))
  if (session === undefined || user === undefined || user.status !== 'active') return undefined
  return { sessionId: session.id, user, method: session.method, expiresAt: session.expiresAt }
}
