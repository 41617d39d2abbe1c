import { InviteResent } from '../../contract/invites.ts'
import { renewInvite } from '../../store/invites.ts'
import { grantScopes } from '../api-keys/key-permissions.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { requireStanding, requireWorkspaceRole } from '../standing.ts'
import { makeInviteLink } from './invite-link.ts'
import { requireUninvited } from './require-uninvited.ts'
import { seePendingInvite } from './see-invite.ts'
import { showInvite } from './show-invite.ts'

export const resendInvite = route({
  method: 'POST',
  path: '/admin/users/invites/:id/resend',
  summary: 'Make another link for an invite; the one before opens nothing any more',
  scope: ['organisation_users.create'],
  reply: InviteResent,
  async handle({ caller, params }, parts) {
    const { link, hash, expiresAt } = makeInviteLink(parts)
    await audited(parts, { caller, action: 'resend', resource: 'invite' }, async (tx, note) => {
      const invite = await seePendingInvite(tx, caller, params.id)
      requireStanding(caller, invite.role)
      // Whoever has the link can be that person.
      for (const { role } of invite.workspaces) requireWorkspaceRole(caller, role)
      if (invite.key !== undefined) grantScopes(caller, 'workspace-user', invite.key.scopes)
      const now = parts.clock.now()
      await requireUninvited(tx, caller.organisationId, invite.email, now, invite.id)
      await renewInvite(tx, invite.id, hash, expiresAt)
      note({ id: invite.id, before: showInvite(invite, now), after: showInvite({ ...invite, expiresAt }, now) })
    })
    return { inviteLink: link, invite_link: link, expires_at: showMoment(expiresAt) }
  },
})
