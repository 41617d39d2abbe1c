import { reaches, WORKSPACE_ROLE_SCOPES, type OrganisationRole, type WorkspaceRole } from '../contract/roles.ts'
import {
  CONTENT_DELETE_SCOPE,
  CONTENT_SCOPE,
  DEFAULT_WORKSPACE_SCOPES,
  LOGS_WRITE_SCOPE,
  ORGANISATION_SCOPES,
} from '../contract/scopes.ts'
import { isAdministrator, type Identity } from './caller.ts'
import { forbidden } from './error.ts'

/*
 * Nobody gives away what they do not have: not a scope, not a role, and not by way of a key or a person either.
 */

/**
 * Where somebody stands in the organisation. The administrator's key of the environment stands for whoever runs the gateway,
 * and so for an owner; a stored key with all scopes does what an admin does; all others are counted as members. Opening or
 * deleting what people wrote, or handing in records, is a matter apart: a key without it stands no lower.
 */
export function standingOf(caller: Identity): OrganisationRole {
  if (caller.roles !== undefined) return caller.roles.organisation
  if (!isAdministrator(caller)) return 'member'
  if (caller.keyId === undefined) return 'owner'
  return [...ORGANISATION_SCOPES].every((scope) => APART.includes(scope) || caller.scopes.has(scope))
    ? 'admin'
    : 'member'
}

const APART: readonly string[] = [CONTENT_SCOPE, CONTENT_DELETE_SCOPE, LOGS_WRITE_SCOPE]

/** Refuses whoever stands below a role to give it, or to do something to somebody who has it. */
export function requireStanding(caller: Identity, role: OrganisationRole): void {
  if (reaches(standingOf(caller), role)) return
  throw forbidden(
    role === 'owner'
      ? 'Only an owner may do that to an owner, or make one: sign in as one, or use the key in PORTCULLIS_ADMIN_KEY.'
      : `Only an owner or ${role} may do that to an ${role}, or make one.`,
  )
}

/** Refuses whoever has less than a workspace's role to give it, or to change or remove somebody who has it. */
export function requireWorkspaceRole(caller: Identity, role: WorkspaceRole): void {
  // Who sees all workspaces may let people into them; what a plain member can do there is read, and ask models.
  if (role === 'member' && isAdministrator(caller)) return
  const lacking = lackingOf(caller, WORKSPACE_ROLE_SCOPES[role])
  if (lacking.length === 0) return
  throw forbidden(`You have less than the role ${role} of this workspace, so you cannot give it or take it away.`)
}

/**
 * Those of some scopes that a caller may not give away. Who sees the whole organisation calls no models, and yet gives
 * developers what they need for that.
 */
export function lackingOf(caller: Identity, scopes: Iterable<string>): readonly string[] {
  return [...scopes].filter(
    (scope) => !caller.scopes.has(scope) && !(isAdministrator(caller) && isForDevelopers(scope)),
  )
}

function isForDevelopers(scope: string): boolean {
  return !ORGANISATION_SCOPES.has(scope) || DEFAULT_WORKSPACE_SCOPES.includes(scope) || scope === LOGS_WRITE_SCOPE
}
