import type { KeyType } from '../../contract/api-keys.ts'
import { DEFAULT_WORKSPACE_SCOPES, ORGANISATION_SCOPES, WORKSPACE_SCOPES } from '../../contract/scopes.ts'
import type { AdminCaller } from '../caller.ts'
import { forbidden, invalid } from '../error.ts'
import { lackingOf } from '../standing.ts'

const SUBJECTS: Readonly<Record<KeyType, string>> = {
  'organisation-service': 'organisation_service_api_keys',
  'workspace-service': 'workspace_service_api_keys',
  'workspace-user': 'workspace_user_api_keys',
}

export type KeyVerb = 'create' | 'read' | 'update' | 'delete' | 'list' | 'rotate'

/** The scopes of which a caller needs one before it is even looked which kind of key is meant. */
export function anyKeyScope(verb: KeyVerb): readonly [string, ...string[]] {
  return [
    `organisation_service_api_keys.${verb}`,
    `workspace_service_api_keys.${verb}`,
    `workspace_user_api_keys.${verb}`,
  ]
}

/** Whether a caller may do that with keys of a kind. */
export function mayHandle(caller: AdminCaller, kind: KeyType, verb: KeyVerb): boolean {
  return caller.scopes.has(`${SUBJECTS[kind]}.${verb}`)
}

/**
 * The scopes of a key that is made or changed. Nobody gives away more than they have; administrators, who call no models, may
 * give what a developer needs for that.
 */
export function grantScopes(
  caller: AdminCaller,
  kind: KeyType,
  wanted: readonly string[] | undefined,
): readonly string[] {
  const ofOrganisation = kind === 'organisation-service'
  if (wanted === undefined && ofOrganisation) throw invalid("scopes: is required for an organisation's key")
  const scopes = [...new Set(wanted ?? DEFAULT_WORKSPACE_SCOPES)]
  const possible = ofOrganisation ? ORGANISATION_SCOPES : WORKSPACE_SCOPES
  const impossible = scopes.filter((scope) => !possible.has(scope))
  if (impossible.length > 0) throw invalid(`scopes: a key of type ${kind} cannot hold ${impossible.join(', ')}`)
  const lacking = lackingOf(caller, scopes)
  if (lacking.length > 0) throw forbidden(`scopes: nobody gives away what they do not have: ${lacking.join(', ')}`)
  return scopes
}
