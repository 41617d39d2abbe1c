import { ORGANISATION_SCOPES } from '../contract/scopes.ts'
import type { Identity } from './caller.ts'
import { AdminError, forbidden } from './error.ts'
import type { AdminParts } from './parts.ts'
import { SESSION_COOKIE, readCookie } from './welcome/cookie.ts'

/** What is read of a request to find out who sent it. */
export interface Credentials {
  readonly method: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/**
 * Finds the caller: an explicit key (`x-portkey-api-key`, else `authorization: Bearer`), or the cookie of a signed-in
 * person. A wrong key does not fall back on a cookie.
 */
export async function authenticate(request: Credentials, parts: AdminParts): Promise<Identity> {
  const secret = keyOf(request)
  if (secret !== undefined) {
    const caller = parts.directory.adminCaller(secret)
    if (caller !== undefined) return caller
    throw new AdminError('AB05', 'This key is unknown, revoked or expired. Send another one in x-portkey-api-key.')
  }
  const token = readCookie(single(request.headers['cookie']), SESSION_COOKIE)
  const caller = token === undefined ? undefined : await findSession(token, parts)
  if (caller === undefined) {
    throw new AdminError('AB05', 'Send a key in the header x-portkey-api-key (or authorization: Bearer …).')
  }
  refuseForeignOrigin(request, parts.publicUrl())
  return caller
}

/** The person behind a session's token; undefined when it has ended or the person may not administer. */
export async function findSession(token: string, { store, keys, clock }: AdminParts): Promise<Identity | undefined> {
  const session = await store.db
    .selectFrom('console_sessions')
    .innerJoin('users', 'users.id', 'console_sessions.user_id')
    .select(['users.id', 'users.organisation_id', 'users.role'])
    .where('console_sessions.kind', '=', 'session')
    .where('console_sessions.hash', '=', keys.hash(token))
    .where('console_sessions.expires_at', '>', clock.now())
    .executeTakeFirst()
  if (session === undefined || (session.role !== 'owner' && session.role !== 'admin')) return undefined
  return {
    kind: 'session',
    keyId: undefined,
    organisationId: session.organisation_id,
    workspaceId: undefined,
    userId: session.id,
    scopes: ORGANISATION_SCOPES,
  }
}

/**
 * A browser adds the cookie to whatever page asks it to; the origin says which page that was. The cookie's `SameSite`
 * already stops other sites, this stops other services on the same site too.
 */
export function refuseForeignOrigin({ method, headers }: Credentials, publicUrl: string): void {
  if (method === 'GET' || method === 'HEAD') return
  const origin = single(headers['origin'])
  if (origin !== undefined && URL.canParse(origin)) {
    const { host, origin: canonical } = new URL(origin)
    if (canonical === new URL(publicUrl).origin || host === single(headers['host'])) return
  }
  throw forbidden(
    'A change made with the session cookie has to come from the console itself: the Origin header is missing or another one.',
  )
}

function keyOf({ headers }: Credentials): string | undefined {
  const explicit = single(headers['x-portkey-api-key'])
  if (explicit !== undefined && explicit !== '') return explicit
  return /^Bearer +(\S+) *$/i.exec(single(headers['authorization']) ?? '')?.[1]
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
