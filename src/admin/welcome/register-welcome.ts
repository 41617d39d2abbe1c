import type { FastifyInstance, FastifyReply } from 'fastify'
import type { User } from '../../store/users.ts'
import { refuseForeignOrigin } from '../authenticate.ts'
import { AdminError } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { beginSession, dropCookie } from '../console-sessions/begin-session.ts'
import { findSession } from '../console-sessions/find-session.ts'
import { endSession } from '../console-sessions/register-sessions.ts'
import { createSignInByLink } from '../console-sessions/sign-in-by-link.ts'
import type { PasswordProof } from '../console-sessions/sign-in-by-password.ts'
import type { Knock, SignIn } from '../console-sessions/sign-in.ts'
import { SESSION_COOKIE, readCookie } from './cookie.ts'
import { acceptForms, fieldOf } from './form.ts'
import { registerInvitePages } from './invite-pages.ts'
import { overview } from './overview.ts'
import { deadLinkPage, signedInPage, strangerPage } from './pages.ts'
import { registerPasswordForm } from './password-form.ts'
import { FORM_BYTES_MAX, goHome, sendPage, setCookies } from './send-page.ts'

/**
 * Serves the page at `/`, and the ways in and out of it: `GET /signin?token=…`, `POST /signin` with address and password,
 * `/invite`, `POST /password`, and `POST /signout`.
 */
export function registerWelcome(app: FastifyInstance, byPassword: SignIn<PasswordProof>, parts: AdminParts): void {
  void app.register(async (scope) => {
    acceptForms(scope)
    registerInvitePages(scope, parts)
    registerPasswordForm(scope, parts)
    registerDoors(scope, byPassword, parts)
  })
}

function registerDoors(scope: FastifyInstance, byPassword: SignIn<PasswordProof>, parts: AdminParts): void {
  const byLink = createSignInByLink(parts)
  const gateway = () => ({ url: parts.publicUrl(), version: parts.version })

  scope.get('/', async (request, reply) => {
    const token = readCookie(request.headers.cookie, SESSION_COOKIE)
    const session = token === undefined ? undefined : await findSession(token, parts)
    if (session === undefined) return sendPage(reply, strangerPage(gateway()))
    return sendPage(reply, await overview(session, parts))
  })

  // Without HEAD, with which mail programs try links out: it would use the link up.
  scope.get('/signin', { exposeHeadRoute: false }, async (request, reply) => {
    const { token } = request.query as { readonly token?: unknown }
    const user = typeof token === 'string' ? await byLink.prove(token, request) : undefined
    if (user === undefined) return sendPage(reply.code(403), deadLinkPage())
    return enter(reply, user, byLink, request)
  })

  scope.post('/signin', { bodyLimit: FORM_BYTES_MAX }, async (request, reply) => {
    refuseForeignOrigin(request, parts.publicUrl())
    const typed = { email: fieldOf(request.body, 'email'), password: fieldOf(request.body, 'password') }
    const tried = await byPassword.prove(typed, request).catch(toWait)
    if (tried instanceof AdminError) {
      const refused = reply.code(tried.status).header('retry-after', tried.retryAfterSeconds)
      return sendPage(refused, strangerPage(gateway(), tried.message))
    }
    if (tried !== undefined) return enter(reply, tried, byPassword, request)
    return sendPage(reply.code(401), strangerPage(gateway(), 'Address and password do not fit together.'))
  })

  scope.post('/signout', { bodyLimit: FORM_BYTES_MAX }, async (request, reply) => {
    refuseForeignOrigin(request, parts.publicUrl())
    await endSession(request, parts)
    return goHome(reply, [dropCookie(parts)])
  })

  async function enter(
    reply: FastifyReply,
    user: User,
    { method }: SignIn<never>,
    knock: Knock,
  ): Promise<FastifyReply> {
    const begin = parts.store.db.transaction()
    const cookies = await begin.execute((tx) => beginSession(tx, user, method, knock, parts))
    // On a way that began at another site, as in a mail program, browsers do not send the cookie with a redirect yet.
    const cameFromElsewhere = knock.headers['sec-fetch-site'] === 'cross-site'
    return cameFromElsewhere ? sendPage(setCookies(reply, cookies), signedInPage()) : goHome(reply, cookies)
  }
}

/** Who has to wait is told so on the page; everything else is a fault. */
function toWait(error: unknown): AdminError {
  if (error instanceof AdminError && error.code === 'AB06') return error
  throw error
}
