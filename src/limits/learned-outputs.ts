import type { Clock } from '../core/clock.ts'

/* How long answers usually are. A model may write 128,000 tokens and writes some hundreds: what is likely is held by budgets that hold tightly. */

export interface LearnedOutputs {
  /** Tokens that 99 of 100 answers of this kind stayed below; undefined until enough of them were seen. */
  likelyMost(kind: string): number | undefined
  learn(kind: string, outputTokens: number): void
}

const KEPT_MS = 3_600_000

const KINDS_MAX = 1_000

/** Fewer say nothing about the hundredth. */
const ANSWERS_MIN = 50

/** Older answers fade: past this many all counts are halved. */
const ANSWERS_MAX = 2_000

const SHARE = 0.99

/** Counts answers by their length, in steps of a half of a power of two. Remembers in this process only. */
export function createLearnedOutputs(clock: Clock): LearnedOutputs {
  const kinds = new Map<string, { readonly steps: Float64Array; answers: number; at: number }>()

  return {
    likelyMost(kind) {
      const known = kinds.get(kind)
      if (known === undefined || known.answers < ANSWERS_MIN || known.at < clock.monotonic() - KEPT_MS) return undefined
      let seen = 0
      for (let step = 0; step < STEPS; step += 1) {
        seen += known.steps[step]!
        if (seen >= known.answers * SHARE) return endOf(step)
      }
      return undefined
    },

    learn(kind, outputTokens) {
      const now = clock.monotonic()
      const before = kinds.get(kind)
      const known =
        before === undefined || before.at < now - KEPT_MS
          ? { steps: new Float64Array(STEPS), answers: 0, at: now }
          : before
      known.steps[stepOf(outputTokens)]! += 1
      known.answers += 1
      known.at = now
      if (known.answers > ANSWERS_MAX) {
        for (const [step, count] of known.steps.entries()) known.steps[step] = count / 2
        known.answers /= 2
      }
      kinds.delete(kind)
      kinds.set(kind, known)
      for (const oldest of kinds.keys()) {
        if (kinds.size <= KINDS_MAX) return
        kinds.delete(oldest)
      }
    },
  }
}

const STEPS = 64

function stepOf(tokens: number): number {
  return Math.min(STEPS - 1, Math.ceil(Math.log2(Math.max(1, tokens)) * 2))
}

/** The largest length that falls into a step. */
function endOf(step: number): number {
  return Math.floor(2 ** (step / 2))
}
