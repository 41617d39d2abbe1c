import { InviteList, InviteQuery } from '../../contract/invites.ts'
import * as invites from '../../store/invites.ts'
import { eitherPage, showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { showInvite } from './show-invite.ts'

export const listInvites = route({
  method: 'GET',
  path: '/admin/users/invites',
  summary: 'List invites, newest first',
  scope: ['organisation_users.list'],
  query: InviteQuery,
  reply: InviteList,
  async handle({ caller, query: { email, role, status, ...page } }, { store, clock }) {
    const now = clock.now()
    const filter = {
      ...(email !== undefined && { email }),
      ...(role !== undefined && { role }),
      ...(status !== undefined && { status }),
    }
    const found = await invites.listInvites(store.db, caller.organisationId, filter, windowOf(eitherPage(page)), now)
    return showPage(found, (invite) => showInvite(invite, now))
  },
})
