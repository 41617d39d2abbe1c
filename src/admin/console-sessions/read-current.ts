import { CurrentSession } from '../../contract/console-sessions.ts'
import { findConsoleSessionById } from '../../store/console-sessions.ts'
import { findKey } from '../../store/keys.ts'
import { listMemberships } from '../../store/members.ts'
import { findUserById } from '../../store/users.ts'
import { findWorkspace, listWorkspaces } from '../../store/workspaces.ts'
import { isAdministrator } from '../caller.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'

/** Also for keys, so that a script can find out what it may do. */
export const readCurrent = route({
  method: 'GET',
  path: '/sessions/current',
  summary: 'Say who asks, with which role and scopes, and which workspace is in view',
  scope: [],
  reply: CurrentSession,
  async handle({ caller }, { store: { db } }) {
    const { kind, organisationId, workspaceId, userId, keyId, sessionId, roles } = caller
    const user = userId === undefined ? undefined : await findUserById(db, userId)
    const session = sessionId === undefined ? undefined : await findConsoleSessionById(db, sessionId)
    const key = keyId === undefined ? undefined : await findKey(db, organisationId, keyId)
    const memberships = userId === undefined ? [] : await listMemberships(db, userId)
    const inView = workspaceId === undefined ? undefined : await findWorkspace(db, organisationId, workspaceId)
    const choices = isAdministrator(caller)
      ? (await listWorkspaces(db, organisationId)).items
      : kind === 'session'
        ? memberships.map(({ workspaceId: id, ...workspace }) => ({ id, ...workspace }))
        : inView === undefined
          ? []
          : [inView]
    const roleIn = (id: string) => memberships.find((membership) => membership.workspaceId === id)?.role ?? null
    const show = ({ id, slug, name }: { id: string; slug: string; name: string }) => ({
      id,
      slug,
      name,
      role: roleIn(id),
    })
    return {
      kind,
      organisation_id: organisationId,
      key_id: keyId ?? null,
      user:
        user === undefined
          ? null
          : {
              id: user.id,
              email: user.email,
              first_name: user.firstName,
              last_name: user.lastName,
              role: roles?.organisation ?? user.role,
              has_password: user.hasPassword,
            },
      workspace: inView === undefined ? null : show(inView),
      workspaces: choices.map(show),
      scopes: [...caller.scopes],
      expires_at: showMoment(session?.expiresAt ?? key?.expiresAt ?? null),
      object: 'session' as const,
    }
  },
})
