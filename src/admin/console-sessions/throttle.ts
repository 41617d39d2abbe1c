import type { Clock } from '../../core/clock.ts'

/** Keeps those who guess passwords waiting, longer each time. */
export interface Throttle {
  /**
   * Somebody tries, under all of these names (the address they type, the network they come from). Answers the milliseconds they have to wait
   * instead, or 0: then the try counts as failed until `succeed` says otherwise, so that many at once are no way around.
   */
  attempt(names: readonly Tried[]): number
  /** The try was good; its names begin anew. */
  succeed(names: readonly Tried[]): void
}

/** A name under which tries are counted. */
export interface Tried {
  readonly name: string
  /** So many slips cost nothing. */
  readonly freeTries: number
  /** No wait is longer. */
  readonly waitMsMax: number
}

const WAIT_MS_MIN = 1_000
/** Names that have been quiet for so long are forgotten. */
const MEMORY_MS = 60 * 60_000
const NAMES_MAX = 10_000

/**
 * In memory, at most `NAMES_MAX` names: who has been quiet longest makes room. A restart forgets; the cost of a password's hash stays.
 */
export function createThrottle({ clock }: { readonly clock: Clock }): Throttle {
  const tries = new Map<string, Tries>()
  return {
    attempt(names) {
      const now = clock.monotonic()
      const waitMs = Math.max(...names.map(({ name }) => (recall(name, now)?.openAt ?? 0) - now))
      if (waitMs > 0) return Math.ceil(waitMs)
      for (const tried of names) note(tried, (recall(tried.name, now)?.count ?? 0) + 1, now)
      return 0
    },
    succeed(names) {
      for (const { name } of names) tries.delete(name)
    },
  }

  function recall(name: string, now: number): Tries | undefined {
    const found = tries.get(name)
    if (found === undefined || now - found.lastAt <= MEMORY_MS) return found
    tries.delete(name)
    return undefined
  }

  function note({ name, freeTries, waitMsMax }: Tried, count: number, now: number): void {
    const doublings = count - freeTries
    const waitMs = doublings < 0 ? 0 : Math.min(waitMsMax, WAIT_MS_MIN * 2 ** doublings)
    // Taken out and put back, so that the first in the map is the one that was quiet longest.
    tries.delete(name)
    tries.set(name, { count, lastAt: now, openAt: now + waitMs })
    const [oldest] = tries.keys()
    if (tries.size > NAMES_MAX && oldest !== undefined) tries.delete(oldest)
  }
}

interface Tries {
  readonly count: number
  readonly lastAt: number
  readonly openAt: number
}
