import type { Clock, Timer } from '../core/clock.ts'
import {
  type CacheEntry,
  type CacheShare,
  deleteCacheEntriesOf,
  deleteExpiredCacheEntries,
  deleteOldestCacheEntries,
  findCacheEntry,
  listCacheShares,
  putCacheEntry,
} from '../store/cache-entries.ts'
import type { Database } from '../store/database.ts'
import type { AnswerKey } from './answer-cache.ts'
import type { KeptAnswer } from './memory-tier.ts'

/** Answers that outlive the process, and those for which memory has no room. */
export interface StoreTier {
  /** Never rejects. */
  get(key: AnswerKey): Promise<KeptAnswer | undefined>
  /** Queues an answer to be written. */
  put(key: AnswerKey, answer: KeptAnswer): void
  /** Rejects when the store does. */
  forget(workspaceId: string): Promise<number>
  stats(): { readonly pending: number; readonly dropped: number; readonly failures: number }
  close(): Promise<void>
}

export interface StoreTierParts {
  readonly clock: Clock
  readonly db: Database
  /** Of all bodies in the store; above, the workspace with most of them loses its oldest. */
  readonly bytesMax: number
  /** Of answers that wait to be written. */
  readonly pendingBytesMax: number
  /** Told of the first of several failures in a row, for the operator's log. */
  readonly report: (problem: unknown) => void
}

/** A read that takes longer is given up: asking the provider is then the surer way. */
const READ_MS_MAX = 1_000

/** How often expired answers are cleared away and the room is measured. */
const SWEEP_MS = 60_000

/** Answers that make room are deleted in steps, so that other queries get their turn between them. */
const DELETE_STEP_MAX = 200

export function createStoreTier({ clock, db, bytesMax, pendingBytesMax, report }: StoreTierParts): StoreTier {
  // By id: an answer that comes again before it is written takes the place of the earlier one.
  const queue = new Map<string, CacheEntry>()
  let pendingBytes = 0
  let dropped = 0
  let failures = 0
  let isFailing = false
  let isClosed = false
  /** Of bodies since the room was last measured. */
  let writtenBytes = 0
  let writing: Promise<void> = Promise.resolve()
  let isWriting = false
  let sweepTimer: Timer = clock.after(SWEEP_MS, onSweep)

  return {
    async get(key) {
      const waiting = queue.get(key.id)
      if (waiting !== undefined) return waiting.workspaceId === key.workspaceId ? waiting : undefined
      const entry = await patiently(() => findCacheEntry(db, key.workspaceId, key.id, clock.now()))
      return entry
    },

    put(key, answer) {
      if (isClosed) return
      if (pendingBytes + answer.body.length > pendingBytesMax) {
        dropped += 1
        return
      }
      take(key.id)
      queue.set(key.id, { ...answer, ...key })
      pendingBytes += answer.body.length
      if (!isWriting) writing = writeAll()
    },

    async forget(workspaceId) {
      for (const [id, entry] of queue) if (entry.workspaceId === workspaceId) take(id)
      // The one that is being written right now is there afterwards.
      await writing
      return deleteCacheEntriesOf(db, workspaceId)
    },

    stats: () => ({ pending: queue.size, dropped, failures }),

    async close() {
      isClosed = true
      sweepTimer.cancel()
      await writing
    },
  }

  function take(id: string): CacheEntry | undefined {
    const entry = queue.get(id)
    if (entry === undefined) return undefined
    queue.delete(id)
    pendingBytes -= entry.body.length
    return entry
  }

  /** One after the other, so that the store's connection is never held for long. */
  async function writeAll(): Promise<void> {
    isWriting = true
    for (const id of queue.keys()) {
      const entry = take(id)!
      await carefully(() => putCacheEntry(db, entry))
      writtenBytes += entry.body.length
      if (writtenBytes > bytesMax / 8) await sweep()
    }
    isWriting = false
  }

  function onSweep(): void {
    void sweep().then(() => {
      if (!isClosed) sweepTimer = clock.after(SWEEP_MS, onSweep)
    })
  }

  async function sweep(): Promise<void> {
    writtenBytes = 0
    await carefully(async () => {
      await deleteExpiredCacheEntries(db, clock.now())
      for (;;) {
        const shares = await listCacheShares(db)
        const excess = shares.reduce((sum, { bytes }) => sum + bytes, 0) - bytesMax
        const [largest] = shares
        if (excess <= 0 || largest === undefined) return
        await deleteOldestCacheEntries(db, largest.workspaceId, countFor(excess, largest))
      }
    })
  }

  /** Failures of the store are counted, and told once until it works again. */
  async function carefully<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      const result = await work()
      isFailing = false
      return result
    } catch (problem) {
      failures += 1
      if (!isFailing) report(problem)
      isFailing = true
      return undefined
    }
  }

  async function patiently<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    const patience = Promise.withResolvers<undefined>()
    const timer = clock.after(READ_MS_MAX, () => {
      failures += 1
      patience.resolve(undefined)
    })
    const result = await Promise.race([carefully(work), patience.promise])
    timer.cancel()
    return result
  }
}

/** How many answers of that share make up for so many bytes, by their average; at least one, so that it goes on. */
function countFor(excess: number, { bytes, entries }: CacheShare): number {
  return Math.max(1, Math.min(DELETE_STEP_MAX, Math.ceil((excess * entries) / Math.max(1, bytes))))
}
