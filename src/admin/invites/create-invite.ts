import { WORKSPACE_ROLE_SCOPES, type WorkspaceRole } from '../../contract/roles.ts'
import { InviteCreate, InviteCreated } from '../../contract/invites.ts'
import { foldAddress } from '../../core/fold-name.ts'
import { asId, newId } from '../../core/ids.ts'
import { insertInvite, type Invite } from '../../store/invites.ts'
import { grantScopes } from '../api-keys/key-permissions.ts'
import { audited } from '../change.ts'
import { invalid } from '../error.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { requireStanding, requireWorkspaceRole } from '../standing.ts'
import { seeWorkspace } from '../workspaces/see-workspace.ts'
import { makeInviteLink } from './invite-link.ts'
import { requireUninvited } from './require-uninvited.ts'
import { showInvite } from './show-invite.ts'

/** The link is in the answer: whoever invites sends it, by whatever way they trust. */
export const createInvite = route({
  method: 'POST',
  path: '/admin/users/invites',
  summary: 'Invite somebody; the link in the answer makes them a user',
  scope: ['organisation_users.create'],
  body: InviteCreate,
  reply: InviteCreated,
  async handle({ caller, body }, parts) {
    requireStanding(caller, body.role)
    const details = body.workspace_api_key_details
    if (details !== undefined && body.workspaces.length === 0) {
      throw invalid('workspace_api_key_details: there is no workspace for the key to be in')
    }
    const key = details && { name: details.name, scopes: grantScopes(caller, 'workspace-user', details.scopes) }
    const now = parts.clock.now()
    const { link, hash, expiresAt } = makeInviteLink(parts)
    const id = newId<'invite'>(now)

    await audited(parts, { caller, action: 'create', resource: 'invite' }, async (tx, note) => {
      const email = foldAddress(body.email)
      await requireUninvited(tx, caller.organisationId, email, now)
      const workspaces: Invite['workspaces'][number][] = []
      for (const wish of body.workspaces) {
        const workspace = await seeWorkspace(tx, caller, wish.id)
        requireWorkspaceRole(caller, wish.role)
        if (workspaces.some((other) => other.id === workspace.id)) {
          throw invalid(`workspaces: ${wish.id} stands there twice`)
        }
        if (body.role === 'member') requireWithinRole(wish.role, key?.scopes ?? [])
        workspaces.push({ id: workspace.id, role: wish.role })
      }
      const invite: Invite = {
        id,
        organisationId: asId(caller.organisationId),
        email,
        role: body.role,
        workspaces,
        key,
        hash,
        status: 'pending',
        invitedBy: caller.userId ?? caller.keyId,
        userId: undefined,
        expiresAt,
        acceptedAt: undefined,
        createdAt: now,
      }
      await insertInvite(tx, invite)
      note({ id, after: showInvite(invite, now) })
    })
    return { id, invite_link: link, expires_at: showMoment(expiresAt), object: 'invite' as const }
  },
})

/** The key that is promised can do no more than the person will. */
function requireWithinRole(role: WorkspaceRole, scopes: readonly string[]): void {
  const beyond = scopes.filter((scope) => !WORKSPACE_ROLE_SCOPES[role].has(scope))
  if (beyond.length === 0) return
  throw invalid(`workspace_api_key_details.scopes: the role ${role} does not have ${beyond.join(', ')}`)
}
