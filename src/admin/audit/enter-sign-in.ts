import { type AuditActor, appendAuditEntry } from '../../store/audit.ts'
import type { Database } from '../../store/database.ts'
import { readOrigin, type Arrived } from '../read-origin.ts'
import { keepRequest } from './name-actor.ts'

/** Somebody at the door. */
export interface SignIn {
  readonly action: 'sign-in' | 'sign-in-refused' | 'sign-out'
  readonly organisationId: string
  /** Whose account it is; undefined when nobody was found. */
  readonly user: { readonly id: string; readonly email: string } | undefined
  /** The address that was typed, where there is nobody with it. */
  readonly typed?: string | undefined
  /** `password`, `link`, … */
  readonly way: string
}

const TYPED_CHARACTERS_MAX = 256

/**
 * Enters in the audit trail that somebody came in, was refused or left. Call it in the transaction that makes or ends the
 * session. Do not enter those who are turned away for knocking too often: they could fill the disk.
 */
export async function enterSignIn(
  tx: Database,
  { user, typed, way, ...signIn }: SignIn,
  request: Arrived,
  now: number,
) {
  const hasCome = signIn.action !== 'sign-in-refused'
  const actor: AuditActor =
    user !== undefined && hasCome
      ? { type: 'user', id: user.id, name: user.email, user_id: user.id }
      : { type: 'nobody', id: null, name: typed?.slice(0, TYPED_CHARACTERS_MAX) ?? user?.email ?? null, user_id: null }
  await appendAuditEntry(tx, {
    organisationId: signIn.organisationId,
    workspaceId: null,
    at: now,
    action: signIn.action,
    resourceType: 'session',
    resourceId: user?.id ?? null,
    actor,
    request: keepRequest(readOrigin(withoutSecrets(request), now), hasCome ? 200 : 401),
    reason: null,
    before: null,
    after: hasCome ? { way } : null,
  })
}

/** The query of a sign-in link is the secret that opens the door. */
function withoutSecrets(request: Arrived): Arrived {
  const { method, url, ip, headers } = request
  return { method, url: url.split('?')[0] ?? '', ip, headers }
}
