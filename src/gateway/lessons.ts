import type { Clock } from '../core/clock.ts'
import { NO_REPAIRS, type Repairs } from '../providers/adapter.ts'
import type { Attempt } from './exchange.ts'
import type { Repair } from './find-repair.ts'

/*
 * What refusals have taught, so that the next request does without them from the start: of a model at a provider for everybody, and of a
 * conversation for itself.
 */

export interface Lessons {
  recall(attempt: Attempt): Repairs
  /** True when this was not known of the target before. */
  learn(attempt: Attempt, repair: Repair, repairs: Repairs): boolean
}

/** Providers learn new betas, so what they refuse today is asked again after a while. */
const TARGET_LESSON_MS = 6 * 3_600_000
const SESSION_LESSON_MS = 24 * 3_600_000

const TARGETS_MAX = 1_000
const SESSIONS_MAX = 10_000

type TargetLesson = Omit<Repairs, 'foreignThinking'>

/** Remembers in this process only; another one finds out by itself, at the price of one refused call. */
export function createLessons(clock: Clock): Lessons {
  const ofTargets = createMemory<TargetLesson>(clock, TARGETS_MAX)
  const ofSessions = createMemory<number>(clock, SESSIONS_MAX)

  return {
    recall(attempt) {
      // Nothing was ever refused: the usual case.
      if (ofTargets.isEmpty && ofSessions.isEmpty) return NO_REPAIRS
      const session = sessionKey(attempt)
      const lesson = ofTargets.get(targetKey(attempt))
      const foreignThinking = session === undefined ? undefined : ofSessions.get(session)
      if (lesson === undefined && foreignThinking === undefined) return NO_REPAIRS
      return { ...NO_REPAIRS, ...lesson, foreignThinking: foreignThinking ?? 0 }
    },

    learn(attempt, repair, { foreignThinking, ...lesson }) {
      if (repair.kind === 'thinking') {
        const session = sessionKey(attempt)
        if (session !== undefined) ofSessions.set(session, foreignThinking, SESSION_LESSON_MS)
        return false
      }
      ofTargets.set(targetKey(attempt), lesson, TARGET_LESSON_MS)
      return true
    },
  }
}

function targetKey({ target: { upstream, wire } }: Attempt): string {
  return `${upstream.providerId}\n${wire.id}`
}

/** A session is a claim of the client's, so it counts only together with the key. */
function sessionKey(attempt: Attempt): string | undefined {
  return attempt.sessionId === undefined
    ? undefined
    : `${attempt.caller.keyId}\n${targetKey(attempt)}\n${attempt.sessionId}`
}

interface Memory<Value> {
  readonly isEmpty: boolean
  get(key: string): Value | undefined
  set(key: string, value: Value, ttlMs: number): void
}

/** Forgets what is too old, and the oldest when there is too much. */
function createMemory<Value>(clock: Clock, entriesMax: number): Memory<Value> {
  const entries = new Map<string, { readonly value: Value; readonly expiresAt: number }>()
  return {
    get isEmpty() {
      return entries.size === 0
    },
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      if (entry.expiresAt > clock.monotonic()) return entry.value
      entries.delete(key)
      return undefined
    },
    set(key, value, ttlMs) {
      entries.delete(key)
      entries.set(key, { value, expiresAt: clock.monotonic() + ttlMs })
      for (const oldest of entries.keys()) {
        if (entries.size <= entriesMax) return
        entries.delete(oldest)
      }
    },
  }
}
