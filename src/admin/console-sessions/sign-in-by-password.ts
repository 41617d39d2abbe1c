import { foldAddress } from '../../core/fold-name.ts'
import { verifyPassword } from '../../credentials/password.ts'
import { findOrganisation } from '../../store/organisations.ts'
import { findUser, readPasswordHash } from '../../store/users.ts'
import { enterSignIn } from '../audit/enter-sign-in.ts'
import { tooMany } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { knownBrowser } from './known-browser.ts'
import type { SignIn } from './sign-in.ts'
import { createThrottle, type Tried } from './throttle.ts'

export interface PasswordProof {
  readonly email: string
  readonly password: string
}

/** Each check takes 19 MiB and 40 ms of a core; strangers may ask for them, so only so many wait at once. */
const CHECKS_MAX = 8

const PER_ADDRESS = { freeTries: 5, waitMsMax: 15 * 60_000 }
/** Whole offices come from one, and behind a proxy everybody does: they must not wait long for one guesser. */
const PER_NETWORK = { freeTries: 20, waitMsMax: 60_000 }

function counted(name: string, rule: Omit<Tried, 'name'>): Tried {
  return { name, ...rule }
}

/** Works as long for an address that nobody has as for a wrong password, and slows down who guesses. */
export function createSignInByPassword(parts: AdminParts): SignIn<PasswordProof> {
  const { store, keys, clock } = parts
  const throttle = createThrottle(parts)
  let checks = 0

  return {
    method: 'password',
    async prove({ email, password }, knock) {
      const organisation = await findOrganisation(store.db)
      if (organisation === undefined) return undefined
      const typed = foldAddress(email)
      const user = await findUser(store.db, organisation.id, typed)
      const browser = user && knownBrowser(keys, user.id, knock.headers.cookie)
      const names =
        browser === undefined
          ? [counted(`address ${typed}`, PER_ADDRESS), counted(`from ${knock.ip}`, PER_NETWORK)]
          : [counted(`browser ${browser}`, PER_ADDRESS)]
      const waitMs = throttle.attempt(names)
      if (waitMs > 0) throw tooMany('Too many tries. Wait, or sign in by a link.', waitMs)
      const stored = user && (await readPasswordHash(store.db, user.id))
      if (await isRight(stored, password)) {
        throttle.succeed(names)
        if (user?.status === 'active') return user
      }
      await store.db.transaction().execute(async (tx) => {
        const refused = {
          action: 'sign-in-refused',
          organisationId: organisation.id,
          user,
          typed,
          way: 'password',
        } as const
        await enterSignIn(tx, refused, knock, clock.now())
      })
      return undefined
    },
  }

  async function isRight(stored: string | undefined, password: string): Promise<boolean> {
    if (checks >= CHECKS_MAX) throw tooMany('Too many people are signing in at this moment. Try again.', 1_000)
    checks += 1
    try {
      return await verifyPassword(stored, password)
    } finally {
      checks -= 1
    }
  }
}
