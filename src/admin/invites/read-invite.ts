import { Invite } from '../../contract/invites.ts'
import { route } from '../route.ts'
import { seeInvite } from './see-invite.ts'
import { showInvite } from './show-invite.ts'

export const readInvite = route({
  method: 'GET',
  path: '/admin/users/invites/:id',
  summary: 'Read an invite',
  scope: ['organisation_users.read'],
  reply: Invite,
  async handle({ caller, params }, { store, clock }) {
    return showInvite(await seeInvite(store.db, caller, params.id), clock.now())
  },
})
