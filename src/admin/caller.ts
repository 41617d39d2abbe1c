import type { OrganisationRole, WorkspaceRole } from '../contract/roles.ts'
import type { Database } from '../store/database.ts'

/** Who somebody is, by their key or by the cookie of having signed in. */
export interface Identity {
  readonly kind: 'organisation-service' | 'workspace-service' | 'workspace-user' | 'session'
  /** Undefined for a session, and for the administrator's key that the environment presets. */
  readonly keyId: string | undefined
  readonly organisationId: string
  /** Undefined for an administrator, who is bound to no workspace. */
  readonly workspaceId: string | undefined
  readonly userId: string | undefined
  readonly scopes: ReadonlySet<string>
  /** Of somebody who signed in. */
  readonly sessionId?: string
  /** Of somebody who signed in: in the organisation, and in the workspace in view. */
  readonly roles?: { readonly organisation: OrganisationRole; readonly workspace: WorkspaceRole | undefined }
}

/** Who asks the control plane, and how. */
export interface AdminCaller extends Identity {
  readonly origin: Origin
  /** What the header `if-match` asks of a change. */
  readonly precondition?: Precondition | undefined
}

/**
 * Checked in the transaction of a change, before anything is changed. Throws a 412 when it does not hold. `resource` is the
 * kind of thing as the audit trail calls it.
 */
export type Precondition = (tx: Database, resource: string) => Promise<void>

/** How and from where a request came; the audit trail keeps it. */
export interface Origin {
  readonly requestId: string
  readonly method: string
  /** Path and query. */
  readonly uri: string
  /** Of the connection; behind a reverse proxy that is the proxy. */
  readonly clientIp: string
  /** The `x-forwarded-for` header: a claim, because anybody may write it. */
  readonly forwardedFor: string | undefined
  readonly userAgent: string | undefined
  /** From the header `x-portcullis-reason`. */
  readonly reason: string | undefined
}

/**
 * Whoever sees nobody's keys but their own: a person's key, and somebody who signed in and is a plain member of the workspace
 * in view.
 */
export function seesOnlyOwn(caller: Identity): boolean {
  return caller.kind === 'workspace-user' || caller.roles?.workspace === 'member'
}

/** Administrators see the whole organisation; everybody else one workspace. */
export function isAdministrator(caller: Identity): boolean {
  return caller.workspaceId === undefined
}
