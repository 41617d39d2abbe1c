/** Who asks the control plane. A key is proof of it, or the cookie of somebody who signed in. */
export interface AdminCaller {
  readonly kind: 'organisation-service' | 'workspace-service' | 'workspace-user' | 'session'
  /** Undefined for a session, and for the administrator's key that the environment presets. */
  readonly keyId: string | undefined
  readonly organisationId: string
  /** Undefined for an administrator, who is bound to no workspace. */
  readonly workspaceId: string | undefined
  readonly userId: string | undefined
  readonly scopes: ReadonlySet<string>
}

/** Administrators see the whole organisation; everybody else one workspace. */
export function isAdministrator(caller: AdminCaller): boolean {
  return caller.workspaceId === undefined
}
