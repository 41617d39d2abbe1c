import { z } from 'zod'
import { nearestName } from '../core/spelling.ts'

/*
 * What a key may do, by Portkey's names. All of its names are accepted, so that scripts written for it run unchanged; a
 * scope for something this version lacks simply opens no door.
 */

const CRUD = ['create', 'read', 'update', 'delete', 'list'] as const

function verbs(subject: string, more: readonly string[] = []): string[] {
  return [...CRUD, ...more].map((verb) => `${subject}.${verb}`)
}

/**
 * Opens what other people wrote and were answered. Nobody needs it for their own; with it every opening still takes a reason and
 * leaves an entry that the person sees.
 */
export const CONTENT_SCOPE = 'content.read'

/** Takes content away before its time. */
export const CONTENT_DELETE_SCOPE = 'content.delete'

/** Hands in records of calls that were made without the gateway, and feedback. */
export const LOGS_WRITE_SCOPE = 'logs.write'

/** What both an organisation's and a workspace's key may hold; a workspace's key means its own workspace by it. */
const SHARED = [
  ...verbs('workspace_service_api_keys', ['rotate']),
  ...verbs('workspace_user_api_keys', ['rotate']),
  ...verbs('workspace_users'),
  ...verbs('prompts', ['publish']),
  ...verbs('configs'),
  ...verbs('guardrails'),
  ...verbs('virtual_keys', ['duplicate', 'copy']),
  ...verbs('providers'),
  ...verbs('policies'),
  // Not a name of Portkey's.
  ...verbs('alerts'),
  ...verbs('workspace_integrations'),
  ...verbs('workspace_mcp_integrations'),
  ...verbs('workspace_agent_integrations'),
  ...verbs('agent_servers'),
  ...verbs('mcp_servers'),
  'workspaces.read',
  'analytics.view',
  'logs.export',
  'logs.list',
  'logs.view',
  'logs.read',
  LOGS_WRITE_SCOPE,
  // Not names of Portkey's.
  CONTENT_SCOPE,
  CONTENT_DELETE_SCOPE,
]

/** Scopes of an administrator's key. None of them calls a model. */
export const ORGANISATION_SCOPES: ReadonlySet<string> = new Set([
  ...SHARED,
  ...verbs('organisation_users'),
  ...verbs('organisation_service_api_keys', ['rotate']),
  'organisation_settings.read',
  'organisation_settings.update',
  ...verbs('organisation_guardrails'),
  'organisation_exclusions.update',
  'organisation_exclusions.list',
  'audit_logs.list',
  ...verbs('plugins'),
  ...verbs('deployments'),
  ...verbs('secret_references'),
  ...verbs('workspaces'),
  ...verbs('organisation_integrations'),
  ...verbs('organisation_mcp_integrations'),
  ...verbs('organisation_agent_integrations'),
])

/** Scopes of a key that lives in a workspace. */
export const WORKSPACE_SCOPES: ReadonlySet<string> = new Set([
  ...SHARED,
  'completions.write',
  'models.list',
  'prompts.render',
  'guardrails.invoke',
  'mcp.invoke',
  'agents.invoke',
])

/** What a developer's key gets when nothing is said: call models, see which there are, look at one's own requests. */
export const DEFAULT_WORKSPACE_SCOPES = ['completions.write', 'models.list', 'providers.list', 'logs.view', 'logs.list']

const KNOWN = new Set([...ORGANISATION_SCOPES, ...WORKSPACE_SCOPES])

export const scope = z.string().superRefine((value, context) => {
  if (KNOWN.has(value)) return
  const meant = nearestName(value, KNOWN)
  const hint = meant === undefined ? 'see docs/reference/admin-api.md for the names' : `did you mean ${meant}?`
  context.addIssue({ code: 'custom', message: `${JSON.stringify(value.slice(0, 64))} is not a scope; ${hint}` })
})
