import { useSignInLink } from '../../store/console-sessions.ts'
import { findUserById } from '../../store/users.ts'
import type { AdminParts } from '../parts.ts'
import type { SignIn } from './sign-in.ts'

/** A link is 256 random bits: nobody guesses it, so nobody has to be slowed down. It works once. */
export function createSignInByLink({ store, keys, clock }: AdminParts): SignIn<string> {
  return {
    method: 'link',
    async prove(token) {
      const link = await useSignInLink(store.db, keys.hash(token), clock.now())
      const user = link && (await findUserById(store.db, link.userId))
      return user?.status === 'active' ? user : undefined
    },
  }
}
