import type { Clock } from '../core/clock.ts'
import type { Probes } from './probes.ts'

/*
 * What the turns before have taught about a conversation. A body grows from turn to turn and mostly stays what it was, so the next one has at most
 * the tokens of the last and one for each byte that came since. Without this a session of 300 KB would hold dollars with every turn.
 */

export interface Turn {
  /** The body's own bound in tokens (`Demand.weight`). */
  readonly weight: number
  /** Pieces of the body, by which it is known again. */
  readonly probes: Probes
  /** Tokens of input, of all kinds, that its provider counted. */
  readonly inputTokens: number
  /** When it was asked, in milliseconds on the clock that never jumps. */
  readonly at: number
}

export interface LearnedTurns {
  /** The largest known turn that a body of this weight continues. */
  recall(conversation: string, weight: number, continues: (turn: Turn) => boolean): Turn | undefined
  /** `continued` is the turn that this one went on from: it has nothing more to say. */
  learn(conversation: string, turn: Turn, continued: Turn | undefined): void
}

/** As long as a provider may keep a prompt; after it people come back to something else. */
const KEPT_MS = 3_600_000

const CONVERSATIONS_MAX = 5_000

/** Small requests on the side (a title, a search) go by the same name as the conversation itself. */
const TURNS_EACH = 3

/** Remembers in this process only; after a restart the first turn of a conversation is bounded by its bytes again. */
export function createLearnedTurns(clock: Clock, conversationsMax = CONVERSATIONS_MAX): LearnedTurns {
  const turns = new Map<string, readonly Turn[]>()

  return {
    recall(conversation, weight, continues) {
      const from = clock.monotonic() - KEPT_MS
      return turns
        .get(conversation)
        ?.filter((turn) => turn.at >= from && turn.weight <= weight)
        .sort((a, b) => b.weight - a.weight)
        .find(continues)
    },

    learn(conversation, turn, continued) {
      const from = turn.at - KEPT_MS
      const earlier = (turns.get(conversation) ?? []).filter((each) => each !== continued && each.at >= from)
      // Behind all others: the first ones are those that nobody has gone on with.
      turns.delete(conversation)
      turns.set(conversation, [...earlier, turn].slice(-TURNS_EACH))
      for (const [oldest, kept] of turns) {
        if (turns.size <= conversationsMax && kept.some(({ at }) => at >= from)) return
        turns.delete(oldest)
      }
    },
  }
}
