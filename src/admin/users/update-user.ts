import { Nothing } from '../../contract/fields.ts'
import { UserUpdate } from '../../contract/users.ts'
import { deleteSessionsOf } from '../../store/console-sessions.ts'
import * as users from '../../store/users.ts'
import { fitKeys } from '../api-keys/fit-keys.ts'
import { audited } from '../change.ts'
import { setLimits } from '../limits/set-limits.ts'
import { route } from '../route.ts'
import { requireStanding } from '../standing.ts'
import { keepAnOwner } from './keep-an-owner.ts'
import { seeUser } from './see-user.ts'
import { showUser } from './show-user.ts'

/** A new role or status is in force with the next request, also in sessions that are running. */
export const updateUser = route({
  method: 'PUT',
  path: '/admin/users/:id',
  summary: "Change a person's role, status, name or limits",
  scope: ['organisation_users.update'],
  body: UserUpdate,
  reply: Nothing,
  async handle({ caller, params, body }, parts) {
    await audited(parts, { caller, action: 'update', resource: 'user' }, async (tx, note) => {
      const user = await seeUser(tx, caller, params.id)
      requireStanding(caller, user.role)
      if (body.role !== undefined) requireStanding(caller, body.role)
      const steps = (body.role ?? 'owner') !== 'owner' || body.status === 'suspended'
      if (steps) await keepAnOwner(tx, user)
      const before = await showUser(tx, user, parts)
      await users.updateUser(
        tx,
        user.id,
        {
          ...(body.role !== undefined && { role: body.role }),
          ...(body.status !== undefined && { status: body.status }),
          ...(body.first_name !== undefined && { firstName: body.first_name }),
          ...(body.last_name !== undefined && { lastName: body.last_name }),
        },
        parts.clock.now(),
      )
      if (body.status === 'suspended') await deleteSessionsOf(tx, user.id)
      const limited = {
        organisationId: caller.organisationId,
        workspaceId: undefined,
        level: 'user',
        subjectId: user.id,
      } as const
      await setLimits(tx, caller, limited, body, parts.clock.now())
      note({ id: user.id, before, after: await showUser(tx, await seeUser(tx, caller, user.id), parts) })
      if (body.role !== undefined) await fitKeys(tx, user.id, parts, note)
    })
    return {}
  },
})
