import { randomBytes } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { newId, type Id } from '../core/ids.ts'
import { deleteExpiredConsoleSessions, insertConsoleSession } from './console-sessions.ts'
import type { Database } from './database.ts'

/** A sign-in link works once, within a day. */
export const SIGN_IN_LINK_MS = 24 * 60 * 60 * 1000

export interface LinkParts {
  readonly db: Database
  readonly keys: { hash(secret: string): string }
  readonly clock: Clock
}

/** A token that signs this user in to the console once. It is returned here and stored as a hash. */
export async function addSignInLink({ db, keys, clock }: LinkParts, userId: Id<'user'>): Promise<string> {
  const now = clock.now()
  const token = randomBytes(32).toString('base64url')
  await deleteExpiredConsoleSessions(db, now)
  await insertConsoleSession(db, {
    id: newId(now),
    kind: 'link',
    hash: keys.hash(token),
    userId,
    method: 'link',
    expiresAt: now + SIGN_IN_LINK_MS,
    createdAt: now,
  })
  return token
}
