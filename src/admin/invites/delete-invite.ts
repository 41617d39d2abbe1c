import { Nothing } from '../../contract/fields.ts'
import { cancelInvite } from '../../store/invites.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { requireStanding } from '../standing.ts'
import { seePendingInvite } from './see-invite.ts'
import { showInvite } from './show-invite.ts'

export const deleteInvite = route({
  method: 'DELETE',
  path: '/admin/users/invites/:id',
  summary: 'Cancel an invite; its link opens nothing any more',
  scope: ['organisation_users.delete'],
  reply: Nothing,
  async handle({ caller, params }, parts) {
    await audited(parts, { caller, action: 'delete', resource: 'invite' }, async (tx, note) => {
      const invite = await seePendingInvite(tx, caller, params.id)
      requireStanding(caller, invite.role)
      await cancelInvite(tx, invite.id)
      note({ id: invite.id, before: showInvite(invite, parts.clock.now()) })
    })
    return {}
  },
})
