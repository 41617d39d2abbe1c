import type { Clock } from '../core/clock.ts'

/*
 * What the turns before have taught about a conversation. A body grows from turn to turn and mostly stays what it was, so the next one has at most
 * the tokens of the last and one for each byte that came since. Without this a session of 300 KB would hold dollars with every turn.
 */

export interface Turn {
  /** The body's own bound in tokens (`Demand.weight`). */
  readonly weight: number
  /** How the messages begin; another beginning is another conversation. */
  readonly opening: string
  /** Tokens of input, of all kinds, that its provider counted. */
  readonly inputTokens: number
  /** When it was asked, in milliseconds on the clock that never jumps. */
  readonly at: number
}

export interface LearnedTurns {
  /** The largest known turn that this body may be a continuation of. */
  recall(conversation: string, body: Pick<Turn, 'weight' | 'opening'>): Turn | undefined
  learn(conversation: string, turn: Turn): void
}

/** As long as a provider may keep a prompt; after it people come back to something else. */
const KEPT_MS = 3_600_000

const CONVERSATIONS_MAX = 20_000

/** Small requests on the side (a title, a search) go by the same name as the conversation itself. */
const TURNS_EACH = 3

/** Remembers in this process only; after a restart the first turn of a conversation is bounded by its bytes again. */
export function createLearnedTurns(clock: Clock, conversationsMax = CONVERSATIONS_MAX): LearnedTurns {
  const turns = new Map<string, readonly Turn[]>()

  return {
    recall(conversation, { weight, opening }) {
      const from = clock.monotonic() - KEPT_MS
      let best: Turn | undefined
      for (const turn of turns.get(conversation) ?? []) {
        const fits = turn.at >= from && turn.weight <= weight && turn.opening === opening
        if (fits && (best === undefined || turn.weight > best.weight)) best = turn
      }
      return best
    },

    learn(conversation, turn) {
      const from = turn.at - KEPT_MS
      const earlier = (turns.get(conversation) ?? []).filter(
        // A turn that this one continues has nothing more to say.
        ({ at, opening, weight }) => at >= from && !(opening === turn.opening && weight <= turn.weight),
      )
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
