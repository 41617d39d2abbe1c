import type { FastifyInstance, FastifyReply } from 'fastify'
import { listProblems } from '../../contract/fields.ts'
import { SessionCreate } from '../../contract/console-sessions.ts'
import { deleteConsoleSession } from '../../store/console-sessions.ts'
import { enterSignIn } from '../audit/enter-sign-in.ts'
import { refuseForeignOrigin } from '../authenticate.ts'
import { AdminError, invalid } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { SESSION_COOKIE, readCookie } from '../welcome/cookie.ts'
import { setCookies } from '../welcome/send-page.ts'
import { beginSession, dropCookie } from './begin-session.ts'
import { findSession } from './find-session.ts'
import type { PasswordProof } from './sign-in-by-password.ts'
import type { Knock, SignIn } from './sign-in.ts'

const BODY_BYTES_MAX = 8_192

/**
 * Mounts the two endpoints that set a cookie: `POST /v1/sessions` with an address and a password, and
 * `DELETE /v1/sessions/current`. Both are for whoever is not known, so they are no endpoints of the admin API proper.
 */
export function registerSessions(scope: FastifyInstance, byPassword: SignIn<PasswordProof>, parts: AdminParts): void {
  scope.post('/v1/sessions', { bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
    if (request.headers.origin !== undefined) refuseForeignOrigin(request, parts.publicUrl())
    const proof = SessionCreate.safeParse(request.body ?? {})
    if (!proof.success) throw invalid(listProblems(proof.error))
    const user = await byPassword.prove(proof.data, request)
    if (user === undefined) {
      throw new AdminError(
        'AB05',
        'Address and password do not fit together. With a sign-in link you can set a new one.',
      )
    }
    const cookies = await parts.store.db
      .transaction()
      .execute((tx) => beginSession(tx, user, byPassword.method, request, parts))
    return sendQuietly(reply, cookies, { user_id: user.id, object: 'session' })
  })

  scope.delete('/v1/sessions/current', { bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
    refuseForeignOrigin(request, parts.publicUrl())
    await endSession(request, parts)
    return sendQuietly(reply, [dropCookie(parts)], {})
  })
}

/** Ends the session whose cookie a request carries; does nothing when there is none. */
export async function endSession(knock: Knock, parts: AdminParts): Promise<void> {
  const token = readCookie(knock.headers.cookie, SESSION_COOKIE)
  const session = token === undefined ? undefined : await findSession(token, parts)
  if (session === undefined) return
  const { user, method } = session
  await parts.store.db.transaction().execute(async (tx) => {
    await deleteConsoleSession(tx, session.sessionId)
    const left = { action: 'sign-out', organisationId: user.organisationId, user, way: method } as const
    await enterSignIn(tx, left, knock, parts.clock.now())
  })
}

function sendQuietly(reply: FastifyReply, cookies: readonly string[], body: object): FastifyReply {
  return setCookies(reply, cookies).header('cache-control', 'no-store').send(body)
}
