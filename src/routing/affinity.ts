import type { Clock } from '../core/clock.ts'

/*
 * Which option of a choice served a conversation last. Providers keep the prompt cache of a conversation for minutes, so that its next turn is
 * cheapest where the one before went; a fallback that served once goes on serving it, until its turn is forgotten.
 */

export interface Affinity {
  /** The option that served this key, by its index in the document; undefined when nothing is known, or it was too long ago. */
  get(key: string): number | undefined
  /** Remembers an option for `ttlMs` from now on; each time it serves, the time begins anew. */
  set(key: string, option: number, ttlMs: number): void
}

export interface AffinityParts {
  readonly clock: Clock
  /** How many conversations are remembered before the one that was quiet for longest is forgotten. */
  readonly entriesMax?: number
}

/** Some 10 MB with keys of a hundred letters: more conversations than one gateway serves within an hour. */
const ENTRIES_MAX = 50_000

interface Entry {
  readonly option: number
  readonly expiresAt: number
}

/** Remembers in this process only: a replica that does not know a conversation follows the usual order, which is the same everywhere. */
export function createAffinity({ clock, entriesMax = ENTRIES_MAX }: AffinityParts): Affinity {
  // A Map keeps the order of insertion, and every use inserts anew: the first entry is the one that was quiet for longest.
  const entries = new Map<string, Entry>()

  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (entry.expiresAt <= clock.monotonic()) return undefined
      entries.set(key, entry)
      return entry.option
    },
    set(key, option, ttlMs) {
      entries.delete(key)
      entries.set(key, { option, expiresAt: clock.monotonic() + ttlMs })
      for (const oldest of entries.keys()) {
        if (entries.size <= entriesMax) break
        entries.delete(oldest)
      }
    },
  }
}
