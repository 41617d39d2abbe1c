import { Nothing } from '../../contract/fields.ts'
import { listKeysOf, releaseKeysOf } from '../../store/keys.ts'
import { deleteLimitsOf } from '../../store/limits.ts'
import * as users from '../../store/users.ts'
import { noteRevoked } from '../api-keys/fit-keys.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { requireStanding } from '../standing.ts'
import { keepAnOwner } from './keep-an-owner.ts'
import { seeUser } from './see-user.ts'
import { showUser } from './show-user.ts'

/** Their keys are revoked and their sessions end. What they used stays in the records, under their id. */
export const deleteUser = route({
  method: 'DELETE',
  path: '/admin/users/:id',
  summary: 'Remove a person, with their memberships, sessions and keys',
  scope: ['organisation_users.delete'],
  reply: Nothing,
  async handle({ caller, params }, parts) {
    await audited(parts, { caller, action: 'delete', resource: 'user' }, async (tx, note) => {
      const user = await seeUser(tx, caller, params.id)
      requireStanding(caller, user.role)
      await keepAnOwner(tx, user)
      note({ id: user.id, before: await showUser(tx, user, parts) })
      for (const key of await listKeysOf(tx, user.id)) await noteRevoked(tx, key, parts, note)
      await releaseKeysOf(tx, user.id, parts.clock.now())
      await deleteLimitsOf(tx, 'user', [user.id])
      await users.deleteUser(tx, user.id)
    })
    return {}
  },
})
