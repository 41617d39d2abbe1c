import { User } from '../../contract/users.ts'
import { route } from '../route.ts'
import { seeUser } from './see-user.ts'
import { showUser } from './show-user.ts'

export const readUser = route({
  method: 'GET',
  path: '/admin/users/:id',
  summary: 'Read a person, by id or e-mail address',
  scope: ['organisation_users.read'],
  reply: User,
  async handle({ caller, params }, parts) {
    const { db } = parts.store
    return showUser(db, await seeUser(db, caller, params.id), parts)
  },
})
