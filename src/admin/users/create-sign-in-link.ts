import { SignInLink } from '../../contract/users.ts'
import { listMemberships } from '../../store/members.ts'
import { addSignInLink, SIGN_IN_LINK_MS } from '../../store/sign-in-link.ts'
import { audited } from '../change.ts'
import { conflict } from '../error.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { requireStanding, requireWorkspaceRole } from '../standing.ts'
import { seeUser } from './see-user.ts'

/** For who has no password, or has forgotten it. Whoever makes such a link could sign in as that person, so it is not for all. */
export const createSignInLink = route({
  method: 'POST',
  path: '/admin/users/:id/sign-in-link',
  summary: 'Make a link that signs a person in once, so that they can set a password',
  scope: ['organisation_users.update'],
  reply: SignInLink,
  async handle({ caller, params }, parts) {
    const token = await audited(
      parts,
      { caller, action: 'create-sign-in-link', resource: 'user' },
      async (tx, note) => {
        const user = await seeUser(tx, caller, params.id)
        requireStanding(caller, user.role)
        // A key that may only look after people must not become somebody who may do more.
        for (const { role } of await listMemberships(tx, user.id)) requireWorkspaceRole(caller, role)
        if (user.status !== 'active') throw conflict(`${user.email} is suspended and cannot sign in.`)
        note({ id: user.id })
        return addSignInLink({ db: tx, keys: parts.keys, clock: parts.clock }, user.id)
      },
    )
    return {
      link: `${parts.publicUrl()}/signin?token=${token}`,
      expires_at: showMoment(parts.clock.now() + SIGN_IN_LINK_MS),
    }
  },
})
