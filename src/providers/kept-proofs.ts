import type { Clock } from '../core/clock.ts'
import { unavailable } from './token-exchange.ts'

/** What proves who we are and ends by itself, such as a token: obtained once for all calls of an account, and renewed before its end. */
export interface KeptProofs<Proof> {
  /**
   * The proof of an account, from memory where it is fresh. `origin` stands for what it is obtained by: another one makes the kept proof void.
   * Rejects with what `obtain` throws, or with `credential.unavailable` when the signal fires first; it is then still obtained for the others.
   */
  get(account: string, origin: string, obtain: () => Promise<Proof>, signal: AbortSignal): Proof | Promise<Proof>
  /** The provider refused the proof. True when the next one can be another. */
  forget(account: string): boolean
}

export interface KeptProofsParts<Proof> {
  readonly clock: Clock
  /** When a proof ends, in milliseconds since the Unix epoch; undefined when it does not say. */
  readonly endOf: (proof: Proof) => number | undefined
}

/** Renewed so long before the end, because a call may last for minutes and clocks differ; AWS's own libraries do the same. */
const RENEW_BEFORE_MS = 5 * 60_000

/** A proof that does not say when it ends may still be exchanged under us: in the file of a profile, for one. */
const UNDATED_MS = 15 * 60_000

/** After a day a proof is renewed whatever it says of its end: a server may be wrong, and asking once more costs nothing. */
const KEPT_MS_MAX = 24 * 3_600_000

/** Metadata servers give out the same proof until shortly before its end: asking again sooner than this brings nothing. */
const YOUNG_MS = 10_000

interface Kept<Proof> {
  readonly origin: string
  readonly obtainedAt: number
  readonly renewAt: number
  readonly current: Proof | undefined
  readonly renewal: Promise<Proof> | undefined
}

/** One renewal at a time for each account, however many calls wait for it. */
export function createKeptProofs<Proof>(parts: KeptProofsParts<Proof>): KeptProofs<Proof> {
  const { clock } = parts
  const kept = new Map<string, Kept<Proof>>()

  return {
    get(account, origin, obtain, signal) {
      const known = kept.get(account)
      const same = known?.origin === origin ? known : undefined
      if (same?.current !== undefined && clock.now() < same.renewAt) return same.current
      return unlessAborted(same?.renewal ?? renew(account, origin, same?.current, obtain), signal)
    },

    forget(account) {
      const known = kept.get(account)
      if (known === undefined) return false
      if (known.renewal !== undefined) return true
      if (clock.now() - known.obtainedAt < YOUNG_MS) return false
      kept.delete(account)
      return true
    },
  }

  function renew(
    account: string,
    origin: string,
    previous: Proof | undefined,
    obtain: () => Promise<Proof>,
  ): Promise<Proof> {
    const renewal = obtain().then(
      (fresh) => {
        const now = clock.now()
        settle({ origin, obtainedAt: now, renewAt: renewalOf(endOf(fresh), now), current: fresh, renewal: undefined })
        return fresh
      },
      (error: unknown) => {
        if (previous === undefined || !lasts(previous)) {
          settle(undefined)
          throw error
        }
        // A server that is away for a moment stops nobody whose proof has minutes to live; it is asked again soon.
        const now = clock.now()
        settle({ origin, obtainedAt: now, renewAt: now + YOUNG_MS, current: previous, renewal: undefined })
        return previous
      },
    )
    kept.set(account, { origin, obtainedAt: clock.now(), renewAt: 0, current: previous, renewal })
    return renewal

    /** Unless the account was changed in the meantime. */
    function settle(next: Kept<Proof> | undefined): void {
      if (kept.get(account)?.renewal !== renewal) return
      if (next === undefined) kept.delete(account)
      else kept.set(account, next)
    }
  }

  /** A date that cannot be read is none. */
  function endOf(proof: Proof): number | undefined {
    const end = parts.endOf(proof)
    return Number.isNaN(end) ? undefined : end
  }

  function lasts(proof: Proof): boolean {
    return clock.now() < (endOf(proof) ?? Infinity)
  }
}

function renewalOf(end: number | undefined, now: number): number {
  if (end === undefined) return now + UNDATED_MS
  // What has ended as it comes would else be asked for with every call.
  if (end <= now) return now + YOUNG_MS
  // A proof that is short-lived, or already old when it comes, still serves for half of what is left of it.
  return Math.min(Math.max(end - RENEW_BEFORE_MS, now + (end - now) / 2), now + KEPT_MS_MAX)
}

function unlessAborted<Value>(waited: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(unavailable('The call was ended while it waited for a proof of identity'))
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    waited.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
