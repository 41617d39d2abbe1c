import type { Clock } from '../core/clock.ts'
import type { Database } from '../store/database.ts'
import { ANSWER_BYTES_MAX, type AnswerCache } from './answer-cache.ts'
import { createMemoryTier } from './memory-tier.ts'
import { createStoreTier } from './store-tier.ts'

export interface AnswerCacheParts {
  readonly clock: Clock
  readonly db: Database
  /** Told of the first of several failures of the store in a row. */
  readonly report: (problem: unknown) => void
  /** Bytes of answers in memory; by default 64 MB. */
  readonly memoryBytesMax?: number
  /** Bytes of answers in the store; by default 1 GB. */
  readonly storeBytesMax?: number
  /** Bytes of answers that wait to be written to the store; by default 16 MB. */
  readonly pendingBytesMax?: number
}

const MB = 1024 * 1024

/** Memory in front of the store: what is asked for again is found at once, and what was kept before a restart is found again. */
export function createAnswerCache({ clock, db, report, ...room }: AnswerCacheParts): AnswerCache {
  const { memoryBytesMax = 64 * MB, storeBytesMax = 1024 * MB, pendingBytesMax = 16 * MB } = room
  const memory = createMemoryTier({ clock, bytesMax: memoryBytesMax })
  const store = createStoreTier({ clock, db, bytesMax: storeBytesMax, pendingBytesMax, report })
  /** Grows whenever something is forgotten: a read that was under way then may have seen what is no more. */
  let forgotten = 0

  return {
    get(key) {
      const near = memory.get(key)
      if (near !== undefined) return near
      const before = forgotten
      return store.get(key).then((far) => {
        if (far === undefined || before !== forgotten || far.expiresAt <= clock.now()) return undefined
        memory.put(key, far)
        return far
      })
    },

    put(key, answer, ttlMs) {
      if (answer.body.length > ANSWER_BYTES_MAX) return
      const kept = { ...answer, expiresAt: answer.createdAt + ttlMs }
      memory.put(key, kept)
      store.put(key, kept)
    },

    async forget(workspaceId) {
      forgotten += 1
      memory.forget(workspaceId)
      return store.forget(workspaceId)
    },

    stats: () => ({ answers: memory.answers, bytes: memory.bytes, ...store.stats() }),

    close: () => store.close(),
  }
}
