import type { Clock } from '../core/clock.ts'
import { unavailable } from './token-exchange.ts'

/** A bearer token, and when it ends, in milliseconds since the Unix epoch. */
export interface AccessToken {
  readonly token: string
  readonly expiresAt: number
}

/** Bearer tokens of accounts: one exchange at a time for each, however many calls wait for it. */
export interface AccessTokens {
  /**
   * The token of an account, from memory where it is fresh. `proof` stands for the secret behind it: another one makes the kept token void.
   * Rejects with what `obtain` throws, or when the signal fires first; the exchange then goes on for the others.
   */
  get(account: string, proof: string, obtain: () => Promise<AccessToken>, signal: AbortSignal): string | Promise<string>
  /** The provider refused the token. True when the next one can be another. */
  forget(account: string): boolean
}

/** Tokens are renewed so long before their end, because a call may last for minutes and clocks differ. */
const RENEW_BEFORE_MS = 5 * 60_000

/** Metadata servers give out the same token until shortly before its end: asking again sooner than this brings nothing. */
const YOUNG_MS = 10_000

interface Kept {
  readonly proof: string
  readonly obtainedAt: number
  readonly renewAt: number
  readonly current: AccessToken | undefined
  readonly renewal: Promise<AccessToken> | undefined
}

export function createAccessTokens({ clock }: { readonly clock: Clock }): AccessTokens {
  const kept = new Map<string, Kept>()

  return {
    get(account, proof, obtain, signal) {
      const known = kept.get(account)
      const same = known?.proof === proof ? known : undefined
      if (same?.current !== undefined && clock.now() < same.renewAt) return same.current.token
      const renewal = same?.renewal ?? renew(account, proof, same?.current, obtain)
      return unlessAborted(renewal, signal).then(({ token }) => token)
    },

    forget(account) {
      const known = kept.get(account)
      if (known === undefined || known.renewal !== undefined) return known !== undefined
      if (clock.now() - known.obtainedAt < YOUNG_MS) return false
      kept.delete(account)
      return true
    },
  }

  function renew(
    account: string,
    proof: string,
    previous: AccessToken | undefined,
    obtain: () => Promise<AccessToken>,
  ): Promise<AccessToken> {
    const renewal = obtain().then(
      (fresh) => {
        const now = clock.now()
        // A token that is short-lived, or already old when it comes, still serves for half of what is left of it.
        const renewAt = Math.max(fresh.expiresAt - RENEW_BEFORE_MS, now + (fresh.expiresAt - now) / 2)
        settle({ proof, obtainedAt: now, renewAt, current: fresh, renewal: undefined })
        return fresh
      },
      (error: unknown) => {
        const stillServes = previous !== undefined && clock.now() < previous.expiresAt
        if (!stillServes) {
          settle(undefined)
          throw error
        }
        // A token server that is away for a moment stops nobody whose token has minutes to live; it is asked again soon.
        const now = clock.now()
        settle({ proof, obtainedAt: now, renewAt: now + YOUNG_MS, current: previous, renewal: undefined })
        return previous
      },
    )
    kept.set(account, { proof, obtainedAt: clock.now(), renewAt: 0, current: previous, renewal })
    return renewal

    /** Unless the account got another secret in the meantime. */
    function settle(next: Kept | undefined): void {
      if (kept.get(account)?.renewal !== renewal) return
      if (next === undefined) kept.delete(account)
      else kept.set(account, next)
    }
  }
}

function unlessAborted<Value>(waited: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(unavailable('The call was ended while it waited for a token'))
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    waited.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
