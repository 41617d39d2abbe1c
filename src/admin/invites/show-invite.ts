import type { z } from 'zod'
import type { Invite as InviteAnswer } from '../../contract/invites.ts'
import type { Invite } from '../../store/invites.ts'
import { showMoment } from '../show-moment.ts'

/** An invite as it may be seen: everything but its link. */
export function showInvite(invite: Invite, now: number): z.output<typeof InviteAnswer> {
  return {
    id: invite.id,
    email: invite.email,
    role: invite.role,
    status: invite.status === 'pending' && invite.expiresAt <= now ? 'expired' : invite.status,
    workspaces: [...invite.workspaces],
    invited_by: invite.invitedBy ?? null,
    user_id: invite.userId ?? null,
    created_at: showMoment(invite.createdAt),
    expires_at: showMoment(invite.expiresAt),
    accepted_at: showMoment(invite.acceptedAt ?? null),
    object: 'invite',
  }
}
