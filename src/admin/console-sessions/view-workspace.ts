import { ORGANISATION_ROLE_SCOPES, WORKSPACE_ROLE_SCOPES } from '../../contract/roles.ts'
import type { Database } from '../../store/database.ts'
import { listMemberships } from '../../store/members.ts'
import type { Identity } from '../caller.ts'
import { missing } from '../error.ts'
import type { SignedIn } from './find-session.ts'

/** The workspace of somebody who is a member of none: nothing is in it, and nobody makes one with that id. */
const NOWHERE = ''

/**
 * What somebody who signed in may do. Owners and admins see the whole organisation. A member has one workspace in view (the
 * one that is named by id or slug, else the one they have been in longest) and the rights of their role there.
 *
 * Throws AB08 when a member names a workspace that is not theirs.
 */
export async function viewWorkspace(db: Database, session: SignedIn, named: string | undefined): Promise<Identity> {
  const { user, sessionId } = session
  const person = {
    kind: 'session',
    keyId: undefined,
    sessionId,
    organisationId: user.organisationId,
    userId: user.id,
  } as const
  if (user.role !== 'member') {
    return {
      ...person,
      workspaceId: undefined,
      scopes: ORGANISATION_ROLE_SCOPES[user.role],
      roles: { organisation: user.role, workspace: undefined },
    }
  }
  const memberships = await listMemberships(db, user.id)
  const [first] = memberships
  const inView =
    named === undefined ? first : memberships.find(({ workspaceId, slug }) => workspaceId === named || slug === named)
  if (named !== undefined && inView === undefined) throw missing(`The workspace ${named}`)
  return {
    ...person,
    workspaceId: inView?.workspaceId ?? NOWHERE,
    scopes: inView === undefined ? ORGANISATION_ROLE_SCOPES.member : WORKSPACE_ROLE_SCOPES[inView.role],
    roles: { organisation: 'member', workspace: inView?.role },
  }
}
