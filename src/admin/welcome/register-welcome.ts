import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { newId } from '../../core/ids.ts'
import {
  deleteConsoleSession,
  findConsoleSession,
  insertConsoleSession,
  useSignInLink,
} from '../../store/console-sessions.ts'
import { listExchanges } from '../../store/exchanges.ts'
import { listProviders } from '../../store/providers.ts'
import { findSession, refuseForeignOrigin } from '../authenticate.ts'
import type { Identity } from '../caller.ts'
import type { AdminParts } from '../parts.ts'
import { SESSION_COOKIE, readCookie, writeCookie } from './cookie.ts'
import { KEY_PLACEHOLDER, deadLinkPage, overviewPage, strangerPage } from './pages.ts'
import { CONTENT_SECURITY_POLICY } from './style.ts'

const SESSION_MS = 12 * 60 * 60 * 1000
const EXCHANGES_SHOWN = 20

/** Serves the page at `/`, and the way in and out of it: `GET /signin?token=…` and `POST /signout`. */
export function registerWelcome(scope: FastifyInstance, parts: AdminParts): void {
  const { store, keys, clock } = parts

  scope.get('/', async (request, reply) => {
    const token = readCookie(request.headers.cookie, SESSION_COOKIE)
    const caller = token === undefined ? undefined : await findSession(token, parts)
    const gateway = { url: parts.publicUrl(), version: parts.version }
    return sendPage(reply, caller === undefined ? strangerPage(gateway) : await overview(caller, parts))
  })

  // Without HEAD, with which mail programs try links out: it would use the link up.
  scope.get('/signin', { exposeHeadRoute: false }, async (request, reply) => {
    const { token } = request.query as { readonly token?: unknown }
    const now = clock.now()
    const sessionToken = randomBytes(32).toString('base64url')
    const signedIn = await store.db.transaction().execute(async (tx) => {
      const link = typeof token === 'string' ? await useSignInLink(tx, keys.hash(token), now) : undefined
      if (link === undefined) return false
      await insertConsoleSession(tx, {
        id: newId(now),
        kind: 'session',
        hash: keys.hash(sessionToken),
        userId: link.userId,
        method: 'link',
        expiresAt: now + SESSION_MS,
        createdAt: now,
      })
      return true
    })
    if (!signedIn) return sendPage(reply.code(403), deadLinkPage())
    return goHome(reply, writeCookie(SESSION_COOKIE, sessionToken, SESSION_MS / 1000, isSecure(parts)))
  })

  scope.post('/signout', async (request, reply) => {
    refuseForeignOrigin(request, parts.publicUrl())
    const token = readCookie(request.headers.cookie, SESSION_COOKIE)
    const session = token === undefined ? undefined : await findConsoleSession(store.db, keys.hash(token), clock.now())
    if (session !== undefined) await deleteConsoleSession(store.db, session.id)
    return goHome(reply, writeCookie(SESSION_COOKIE, '', 0, isSecure(parts)))
  })
}

async function overview({ organisationId }: Identity, parts: AdminParts): Promise<string> {
  const { store } = parts
  await parts.flushRecords()
  const { items: providers } = await listProviders(store.db, organisationId)
  // Claude Code counts tokens in bursts of dozens, which cost nothing and would hide all that does.
  const filter = { organisationId, endpoint: 'messages' }
  const { items: exchanges } = await listExchanges(store.db, filter, { limit: EXCHANGES_SHOWN })
  const url = parts.publicUrl()
  return overviewPage({
    url,
    version: parts.version,
    settings: parts.settingsText(url, KEY_PLACEHOLDER),
    providers,
    exchanges,
  })
}

function isSecure({ publicUrl }: AdminParts): boolean {
  return publicUrl().startsWith('https:')
}

function goHome(reply: FastifyReply, cookie: string): FastifyReply {
  return reply.header('set-cookie', cookie).header('cache-control', 'no-store').redirect('/', 303)
}

function sendPage(reply: FastifyReply, page: string): FastifyReply {
  return (
    reply
      .header('content-security-policy', CONTENT_SECURITY_POLICY)
      .header('x-content-type-options', 'nosniff')
      // Browsers leave the origin out of a form's request under `no-referrer`, and signing out asks for it.
      .header('referrer-policy', 'same-origin')
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(page)
  )
}
