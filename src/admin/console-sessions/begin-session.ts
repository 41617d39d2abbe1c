import { randomBytes } from 'node:crypto'
import { newId } from '../../core/ids.ts'
import type { Database } from '../../store/database.ts'
import { deleteExpiredConsoleSessions, insertConsoleSession, type SignInMethod } from '../../store/console-sessions.ts'
import { findOrganisation } from '../../store/organisations.ts'
import type { User } from '../../store/users.ts'
import { enterSignIn } from '../audit/enter-sign-in.ts'
import type { AdminParts } from '../parts.ts'
import { SESSION_COOKIE, writeCookie } from '../welcome/cookie.ts'
import { markBrowser } from './known-browser.ts'
import type { Knock } from './sign-in.ts'

const HOUR_MS = 60 * 60 * 1000
const SESSION_HOURS = 12

/** Begins a session for somebody who has proved who they are. Returns the `set-cookie` lines; the token is stored as a hash. */
export async function beginSession(
  tx: Database,
  user: User,
  method: SignInMethod,
  knock: Knock,
  parts: AdminParts,
): Promise<readonly string[]> {
  const { keys, clock } = parts
  const now = clock.now()
  const token = randomBytes(32).toString('base64url')
  const sessionHours = (await findOrganisation(tx))?.settings.sessionHours ?? SESSION_HOURS
  await deleteExpiredConsoleSessions(tx, now)
  await insertConsoleSession(tx, {
    id: newId(now),
    kind: 'session',
    hash: keys.hash(token),
    userId: user.id,
    method,
    expiresAt: now + sessionHours * HOUR_MS,
    createdAt: now,
  })
  await enterSignIn(tx, { action: 'sign-in', organisationId: user.organisationId, user, way: method }, knock, now)
  const isSecure = isHttps(parts)
  return [
    writeCookie(SESSION_COOKIE, token, sessionHours * 3600, isSecure),
    ...(method === 'password' ? [markBrowser(keys, user.id, isSecure)] : []),
  ]
}

/** A `set-cookie` line that takes the session's cookie back. */
export function dropCookie(parts: AdminParts): string {
  return writeCookie(SESSION_COOKIE, '', 0, isHttps(parts))
}

function isHttps({ publicUrl }: AdminParts): boolean {
  return publicUrl().startsWith('https:')
}
