import type { HeaderLines } from '../core/headers.ts'

/*
 * Answers that were given before, for requests that are the same to the byte. Whoever asks decides what "the same" means: a key is all there is
 * to tell two requests apart.
 */

/** A whole answer, as it may be given again. */
export interface CachedAnswer {
  readonly status: number
  /** Those that belong to the content. */
  readonly headers: HeaderLines
  /** The bytes in the order in which they came; of a stream all of its events. */
  readonly body: Buffer
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** An answer belongs to a workspace, whoever of it may see it: that is what can be forgotten, and what has a share of the room. */
export interface AnswerKey {
  readonly workspaceId: string
  /** SHA-256 in hex, over everything that makes two requests the same. */
  readonly id: string
}

/** Never throws, and never makes anybody wait for a write: an exchange without a cache is slower, one that fails because of it is broken. */
export interface AnswerCache {
  /** At once where the answer lies in memory; else a promise that never rejects. */
  get(key: AnswerKey): CachedAnswer | undefined | Promise<CachedAnswer | undefined>
  /** Keeps an answer for `ttlMs`. One that is too large, or comes while too many wait to be written, is passed over. */
  put(key: AnswerKey, answer: CachedAnswer, ttlMs: number): void
  /** Forgets every answer of a workspace that was kept before the call, and says how many lay in the store. Rejects when the store does. */
  forget(workspaceId: string): Promise<number>
  stats(): AnswerCacheStats
  /** Writes what waits to be written, then stops. */
  close(): Promise<void>
}

export interface AnswerCacheStats {
  /** Answers in memory, and their bytes. */
  readonly answers: number
  readonly bytes: number
  /** Answers that wait to be written to the store. */
  readonly pending: number
  /** Answers that were not written because too many waited. */
  readonly dropped: number
  /** Reads and writes that the store refused or was too slow for. */
  readonly failures: number
}

/** A longer answer is not kept: nobody repeats a question for it often enough. */
export const ANSWER_BYTES_MAX = 2 * 1024 * 1024
