import type { Identity } from './caller.ts'
import { AdminError, forbidden } from './error.ts'
import type { AdminParts } from './parts.ts'
import { findSession } from './console-sessions/find-session.ts'
import { viewWorkspace } from './console-sessions/view-workspace.ts'
import { SESSION_COOKIE, readCookie } from './welcome/cookie.ts'

/** What is read of a request to find out who sent it. */
export interface Credentials {
  readonly method: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/**
 * Finds the caller: an explicit key (`x-portkey-api-key`, else `authorization: Bearer`), or the cookie of a signed-in
 * person. A wrong key does not fall back on a cookie. `workspace` is the one that the request is about, by id or slug; only
 * somebody who signed in, and is a member of several, can choose.
 */
export async function authenticate(
  request: Credentials,
  workspace: string | undefined,
  parts: AdminParts,
): Promise<Identity> {
  const secret = keyOf(request)
  if (secret !== undefined) {
    const caller = parts.directory.adminCaller(secret)
    if (caller !== undefined) return caller
    throw new AdminError(
      'AB05',
      'This key is unknown, revoked or expired, or whoever holds it is suspended. Send another one in x-portkey-api-key.',
    )
  }
  const token = readCookie(single(request.headers['cookie']), SESSION_COOKIE)
  const session = token === undefined ? undefined : await findSession(token, parts)
  if (session === undefined) {
    throw new AdminError('AB05', 'Send a key in the header x-portkey-api-key (or authorization: Bearer …).')
  }
  refuseForeignOrigin(request, parts.publicUrl())
  refuseForms(request)
  return viewWorkspace(parts.store.db, session, workspace)
}

/** Which workspace a request names outside its body: the console's header, the query, or the address itself. */
export function workspaceNamed(
  { headers }: Pick<Credentials, 'headers'>,
  path: string,
  query: unknown,
  params: unknown,
): string | undefined {
  const { workspace_id: asked } = query as { readonly workspace_id?: unknown }
  const { id } = params as { readonly id?: string }
  const named = path.startsWith('/admin/workspaces/:id') ? id : (single(headers['x-portcullis-workspace']) ?? asked)
  return typeof named === 'string' && named !== '' ? named : undefined
}

/**
 * A browser adds the cookie to whatever page asks it to; the origin says which page that was. The cookie's `SameSite`
 * already stops other sites, this stops other services on the same site too.
 */
export function refuseForeignOrigin({ method, headers }: Credentials, publicUrl: string): void {
  if (isReading(method)) return
  const origin = single(headers['origin'])
  if (origin !== undefined && URL.canParse(origin)) {
    const { host, origin: canonical } = new URL(origin)
    if (canonical === new URL(publicUrl).origin || host === single(headers['host'])) return
  }
  throw forbidden(
    'A change made with the session cookie has to come from the console itself: the Origin header is missing or another one.',
  )
}

/** A page elsewhere can make a browser send a form, but not a header of its own. */
function refuseForms({ method, headers }: Credentials): void {
  if (isReading(method) || single(headers['x-portcullis-csrf']) !== undefined) return
  throw forbidden('A change made with the session cookie has to carry the header x-portcullis-csrf: 1.')
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function keyOf({ headers }: Credentials): string | undefined {
  const explicit = single(headers['x-portkey-api-key'])
  if (explicit !== undefined && explicit !== '') return explicit
  return /^Bearer +(\S+) *$/i.exec(single(headers['authorization']) ?? '')?.[1]
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
