import type { Clock } from '../core/clock.ts'
import type { AnswerKey, CachedAnswer } from './answer-cache.ts'

/** An answer and the moment from which on it is none any more, in milliseconds since the epoch. */
export interface KeptAnswer extends CachedAnswer {
  readonly expiresAt: number
}

/** The answers used last, within a number of bytes. */
export interface MemoryTier {
  get(key: AnswerKey): KeptAnswer | undefined
  put(key: AnswerKey, answer: KeptAnswer): void
  forget(workspaceId: string): void
  readonly answers: number
  readonly bytes: number
}

export interface MemoryTierParts {
  readonly clock: Clock
  readonly bytesMax: number
}

/** What one workspace keeps. A Map keeps the order of insertion, and every use inserts anew: the first is the one unused for longest. */
interface Shelf {
  readonly answers: Map<string, KeptAnswer>
  bytes: number
}

/**
 * Where room is needed, the workspace that holds most of it gives up its least used answers. Alone, a workspace has all the room; beside
 * others, a busy one can only push out its own.
 */
export function createMemoryTier({ clock, bytesMax }: MemoryTierParts): MemoryTier {
  const shelves = new Map<string, Shelf>()
  let answers = 0
  let bytes = 0

  return {
    get({ workspaceId, id }) {
      const shelf = shelves.get(workspaceId)
      const answer = shelf?.answers.get(id)
      if (shelf === undefined || answer === undefined) return undefined
      remove(workspaceId, shelf, id)
      if (answer.expiresAt <= clock.now()) return undefined
      insert(workspaceId, id, answer)
      return answer
    },

    put({ workspaceId, id }, answer) {
      const shelf = shelves.get(workspaceId)
      if (shelf !== undefined) remove(workspaceId, shelf, id)
      if (sizeOf(answer) > bytesMax) return
      insert(workspaceId, id, answer)
      while (bytes > bytesMax) removeOldestOfFullest()
    },

    forget(workspaceId) {
      const shelf = shelves.get(workspaceId)
      if (shelf === undefined) return
      answers -= shelf.answers.size
      bytes -= shelf.bytes
      shelves.delete(workspaceId)
    },

    get answers() {
      return answers
    },

    get bytes() {
      return bytes
    },
  }

  function insert(workspaceId: string, id: string, answer: KeptAnswer): void {
    const shelf = shelves.get(workspaceId) ?? { answers: new Map<string, KeptAnswer>(), bytes: 0 }
    shelves.set(workspaceId, shelf)
    shelf.answers.set(id, answer)
    const size = sizeOf(answer)
    shelf.bytes += size
    bytes += size
    answers += 1
  }

  function remove(workspaceId: string, shelf: Shelf, id: string): void {
    const answer = shelf.answers.get(id)
    if (answer === undefined) return
    shelf.answers.delete(id)
    const size = sizeOf(answer)
    shelf.bytes -= size
    bytes -= size
    answers -= 1
    if (shelf.answers.size === 0) shelves.delete(workspaceId)
  }

  function removeOldestOfFullest(): void {
    let fullest: { readonly workspaceId: string; readonly shelf: Shelf } | undefined
    for (const [workspaceId, shelf] of shelves) {
      if (fullest === undefined || shelf.bytes > fullest.shelf.bytes) fullest = { workspaceId, shelf }
    }
    if (fullest === undefined) throw new Error('Bytes without answers were counted.')
    const [oldest] = fullest.shelf.answers.keys()
    remove(fullest.workspaceId, fullest.shelf, oldest!)
  }
}

/** What an answer takes besides its body: the key, the headers, the objects around them. */
const OVERHEAD_BYTES = 1024

function sizeOf({ body }: KeptAnswer): number {
  return body.length + OVERHEAD_BYTES
}
