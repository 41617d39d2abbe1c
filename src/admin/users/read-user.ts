import { User } from '../../contract/users.ts'
import { findUser } from '../../store/users.ts'
import { missing } from '../error.ts'
import { route } from '../route.ts'
import { showUsers } from './show-user.ts'

export const readUser = route({
  method: 'GET',
  path: '/admin/users/:id',
  summary: 'Read a person, by id or e-mail address',
  scope: ['organisation_users.read'],
  reply: User,
  async handle({ caller, params }, { store }) {
    const found = await findUser(store.db, caller.organisationId, params.id)
    const [user] = await showUsers(store.db, found === undefined ? [] : [found])
    if (user === undefined) throw missing(`The user ${params.id}`)
    return user
  },
})
