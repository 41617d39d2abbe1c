import { UserList, UserQuery } from '../../contract/users.ts'
import * as users from '../../store/users.ts'
import { eitherPage, showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { showUsers } from './show-user.ts'

export const listUsers = route({
  method: 'GET',
  path: '/admin/users',
  summary: 'List the people of the organisation',
  scope: ['organisation_users.list'],
  query: UserQuery,
  reply: UserList,
  async handle({ caller, query: { email, role, ...page } }, parts) {
    const { items, total } = await users.listUsers(
      parts.store.db,
      caller.organisationId,
      { ...(email !== undefined && { email }), ...(role !== undefined && { role }) },
      windowOf(eitherPage(page)),
    )
    return showPage({ items: await showUsers(parts.store.db, items, parts), total }, (user) => user)
  },
})
