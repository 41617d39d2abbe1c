import type { Clock } from '../core/clock.ts'
import { createKeptProofs } from './kept-proofs.ts'

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

export function createAccessTokens({ clock }: { readonly clock: Clock }): AccessTokens {
  const kept = createKeptProofs<AccessToken>({ clock, endOf: ({ expiresAt }) => expiresAt })

  return {
    get(account, proof, obtain, signal) {
      const got = kept.get(account, proof, obtain, signal)
      return got instanceof Promise ? got.then(({ token }) => token) : got.token
    },
    forget: (account) => kept.forget(account),
  }
}
