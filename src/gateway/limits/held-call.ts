import type { GatewayError } from '../../core/errors.ts'
import { totalTokens } from '../../core/usage.ts'
import type { CallCharge } from '../../ledger/ledger.ts'
import type { Budgets, Hold, Shortage } from '../../limits/budgets.ts'
import type { Purse } from '../../limits/limit.ts'
import type { CallHold } from '../exchange.ts'
import type { Measure } from './measure.ts'
import type { AnswerFacts } from '../stream/answer-tap.ts'

/** Of a call that no budget counts. */
export const NOTHING_HELD: CallHold = {
  buckets: [],
  at: undefined,
  bound: { costNanos: 0n, tokens: 0 },
  most: { input: Infinity, output: Infinity },
  watch: () => undefined,
  settle: () => undefined,
  release: () => undefined,
}

export interface HeldCallParts {
  readonly budgets: Budgets
  readonly purses: readonly Purse[]
  readonly hold: Hold
  readonly measure: Measure
  readonly outputTokensMax: number
  /** The most it may use. */
  readonly bound: CallHold['bound']
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What the client is told when the rest of the answer does not fit. */
  readonly refuse: (shortage: Shortage) => GatewayError
}

/** Where budgets hold what is likely, a longer answer asks for as much again. */
const GROWTH = 2

/** Tokens of output for which it is still worth asking when there is not room for as much again. */
const LAST_STEP = 256

/** A call in whose budgets something is set aside, and what becomes of that while its answer comes. */
export class HeldCall implements CallHold {
  readonly at: number
  readonly bound: CallHold['bound']
  readonly most: CallHold['most']
  readonly #parts: HeldCallParts
  /** Budgets that hold what is likely have to be asked again when an answer grows longer than that. */
  readonly #mayOutgrow: boolean
  #heldOutput: number
  #knowsInput = false

  constructor(parts: HeldCallParts) {
    const { purses, measure, outputTokensMax, bound, at } = parts
    this.#parts = parts
    this.at = at
    this.bound = bound
    this.most = { input: measure.inputMax, output: outputTokensMax }
    this.#mayOutgrow = purses.some(({ budget }) => budget.mode === 'tight' && budget.hard)
    this.#heldOutput = measure.likelyOutput(outputTokensMax)
  }

  get buckets(): readonly string[] {
    return this.#parts.hold.buckets
  }

  watch(answer: AnswerFacts): (() => GatewayError) | undefined {
    // What is no stream has been written, and is billed, when its first byte comes: ending it would save nothing.
    if (!answer.started) return undefined
    if (!this.#knowsInput) {
      this.#knowsInput = true
      if (!this.#learnInput(answer)) return this.#refusal(answer)
    }
    if (!this.#mayOutgrow || answer.outputEstimate <= this.#heldOutput) return undefined
    return this.#grow(answer) ? undefined : this.#refusal(answer)
  }

  settle({ usage, costNanos }: CallCharge, ordinal: number, answer: AnswerFacts | undefined): void {
    const { hold, measure } = this.#parts
    hold.settle({ costNanos, tokens: totalTokens(usage), requests: ordinal === 0 ? 1 : 0 })
    if (answer !== undefined) measure.learn(answer, usage)
  }

  release(): void {
    this.#parts.hold.release()
  }

  /** The provider has counted the input: what was held for it beyond that is free for others at once. */
  #learnInput(answer: AnswerFacts): boolean {
    const { measure, hold, outputTokensMax } = this.#parts
    if (!answer.inputReported || measure.demand.inputGrows) return true
    return hold.resize(measure.neededFor(answer, outputTokensMax, this.#heldOutput))
  }

  #grow(answer: AnswerFacts): boolean {
    const { measure, hold, outputTokensMax } = this.#parts
    const { outputEstimate } = answer
    for (const wanted of [outputEstimate * GROWTH, outputEstimate + LAST_STEP]) {
      // An estimate may pass what the answer can have at most.
      const most = Math.max(outputTokensMax, outputEstimate)
      const output = Math.min(wanted, most)
      if (!hold.resize(measure.neededFor(answer, outputTokensMax, output))) continue
      this.#heldOutput = output === most ? Infinity : output
      return true
    }
    return false
  }

  #refusal(answer: AnswerFacts): () => GatewayError {
    const { budgets, purses, measure, outputTokensMax, refuse, at } = this.#parts
    // Asked for beside what is held already: the budget that has no room says whose it is.
    const needed = measure.neededFor(answer, outputTokensMax, answer.outputEstimate + LAST_STEP)
    const answered = budgets.hold(purses, { ...needed, at })
    if (answered.kind === 'hold') answered.release()
    const { purse, reason } =
      answered.kind === 'shortage'
        ? answered
        : { purse: purses.find(({ budget }) => budget.hard) ?? purses[0]!, reason: 'spent' as const }
    return () => refuse({ kind: 'shortage', purse, reason, state: budgets.state(purse.budget, purse.bucket) })
  }
}
