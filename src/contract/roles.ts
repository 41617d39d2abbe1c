import { z } from 'zod'
import { ORGANISATION_SCOPES, WORKSPACE_SCOPES } from './scopes.ts'

/*
 * What people may do. A person has one role in the organisation and one in each workspace they are a member of; a role is a
 * set of scopes, the same that keys hold, so that endpoints ask one question of both.
 */

export const organisationRole = z.enum(['owner', 'admin', 'member'])
export type OrganisationRole = z.infer<typeof organisationRole>

export const workspaceRole = z.enum(['admin', 'manager', 'member'])
export type WorkspaceRole = z.infer<typeof workspaceRole>

/**
 * Owners and admins do everything everywhere; only an owner makes, changes or removes owners. A member has no rights of the
 * organisation, and those of their role in each workspace.
 */
export const ORGANISATION_ROLE_SCOPES: Readonly<Record<OrganisationRole, ReadonlySet<string>>> = {
  owner: ORGANISATION_SCOPES,
  admin: ORGANISATION_SCOPES,
  member: new Set(),
}

/**
 * In the workspace: a manager runs it (members, keys, configs, providers, policies), an admin also says what it is called and
 * what it falls back on, a member works with what is there and keeps keys of their own.
 */
export const WORKSPACE_ROLE_SCOPES: Readonly<Record<WorkspaceRole, ReadonlySet<string>>> = {
  admin: new Set([...WORKSPACE_SCOPES, 'workspaces.update']),
  manager: WORKSPACE_SCOPES,
  member: new Set([
    'completions.write',
    'models.list',
    'workspaces.read',
    'workspace_users.read',
    'workspace_users.list',
    ...['create', 'read', 'update', 'delete', 'list', 'rotate'].map((verb) => `workspace_user_api_keys.${verb}`),
    ...['providers', 'virtual_keys', 'configs', 'policies', 'guardrails', 'prompts', 'workspace_integrations'].flatMap(
      (subject) => [`${subject}.read`, `${subject}.list`],
    ),
    'prompts.render',
    'analytics.view',
    'logs.list',
    'logs.view',
    'logs.read',
  ]),
}

const ORGANISATION_RANKS: readonly OrganisationRole[] = ['member', 'admin', 'owner']

/** Whether the first role stands at least as high as the second. */
export function reaches(role: OrganisationRole, other: OrganisationRole): boolean {
  return ORGANISATION_RANKS.indexOf(role) >= ORGANISATION_RANKS.indexOf(other)
}
