import type { GatewayError } from '../../core/errors.ts'
import type { HeaderLines } from '../../core/headers.ts'
import type { Hold, Shortage } from '../../limits/budgets.ts'
import { createLearnedOutputs } from '../../limits/learned-outputs.ts'
import { createLearnedTurns } from '../../limits/learned-turns.ts'
import type { Lane, Purse } from '../../limits/limit.ts'
import { budgetRefusal } from '../limits/budget-refusal.ts'
import { HeldCall, NOTHING_HELD } from '../limits/held-call.ts'
import type { Attempt, CallHold, Caller, PaidAttempt, Reply } from '../exchange.ts'
import { Measure, type MeasureParts, type Needed } from '../limits/measure.ts'
import { limitsOf } from '../limits/limited-call.ts'
import type { GatewayParts } from '../parts.ts'
import { readsSpendNotices, spendHeaders } from '../limits/spend-notices.ts'
import type { Stage } from '../stage.ts'
import { visitLanes } from '../limits/visit.ts'

type HoldParts = Pick<GatewayParts, 'clock' | 'limits' | 'prices' | 'random'>

/** The least answer that is worth its input: a shorter one ends in the middle of a thought. */
const OUTPUT_TOKENS_WORTH = 4_096

/** Besides the tokens that a body sets aside for thinking. */
const WORDS_AFTER_THINKING = 1_024

/**
 * Sets aside the most that a call may use, in all its budgets at once, before it is made; what it did use is settled when it ends. Where that does
 * not fit, a shorter answer is asked for, and the call refused when even that does not fit.
 */
export function hold(parts: HoldParts): Stage<Attempt, PaidAttempt> {
  const { clock, limits, prices, random } = parts
  const measureParts: MeasureParts = {
    prices,
    turns: createLearnedTurns(clock),
    outputs: createLearnedOutputs(clock),
    geographies: new Map(),
    random,
  }

  return (next) => {
    return function hold(attempt, reply) {
      const rulebook = limits.rulebook()
      const lanes = limitsOf(attempt, attempt.target, rulebook.targetLanes)
      const purses = limitsOf(attempt, attempt.target, rulebook.purses)
      if (lanes.length > 0) return visit(attempt, lanes, purses, reply)
      if (purses.length > 0) return pay(attempt, purses, reply)
      return next({ ...attempt, hold: NOTHING_HELD, outputTokensMax: undefined }, reply)
    }

    async function visit(
      attempt: Attempt,
      lanes: readonly Lane[],
      purses: readonly Purse[],
      reply: Reply,
    ): Promise<void> {
      const visiting = visitLanes(lanes, attempt, reply, parts)
      const visit = visiting instanceof Promise ? await visiting : visiting
      const noteTokens = noteBoth(attempt.noteTokens, visit.noteTokens)
      try {
        await (purses.length > 0
          ? pay({ ...attempt, noteTokens }, purses, visit)
          : next({ ...attempt, noteTokens, hold: NOTHING_HELD, outputTokensMax: undefined }, visit))
      } catch (thrown) {
        visit.finish()
        throw thrown
      }
    }

    /** Once it is handed to a transport the call ends its hold by itself. */
    async function pay(attempt: Attempt, purses: readonly Purse[], reply: Reply): Promise<void> {
      const readsNotices = readsSpendNotices(attempt.body)
      const notice = readsNotices ? spendHeaders(purses, limits.budgets) : []
      const paid = place(attempt, purses, refusalFor(attempt.caller, readsNotices))
      const isShortened = paid.outputTokensMax !== undefined
      try {
        await next(
          { ...attempt, ...paid },
          isShortened || notice.length > 0 ? marked(reply, notice, isShortened) : reply,
        )
      } catch (thrown) {
        paid.hold.release()
        throw thrown
      }
    }
  }

  /** Holds what the call needs, or what a shorter answer needs; throws the refusal, and leaves no trace, when that does not fit either. */
  function place(attempt: Attempt, purses: readonly Purse[], refuse: Refuse): Paid {
    const at = clock.now()
    const wantsLikely = purses.some(({ budget }) => budget.mode === 'tight')
    const measure = new Measure(attempt, measureParts, clock.monotonic(), wantsLikely)
    const asked = measure.demand.outputTokens
    const held = (hold: Hold, outputTokensMax: number, { bound }: Needed): CallHold => {
      return new HeldCall({ budgets: limits.budgets, purses, hold, measure, outputTokensMax, bound, at, refuse })
    }
    let needed = measure.needed(asked)
    let answer = limits.budgets.hold(purses, { ...needed, at })
    if (answer.kind === 'hold') return { hold: held(answer, asked, needed), outputTokensMax: undefined }

    const fitting = measure.outputThatFits({
      strict: limits.budgets.room(purses, 'strict'),
      tight: limits.budgets.room(purses, 'tight'),
    })
    if (fitting !== undefined && fitting < asked && fitting >= leastWorth(measure)) {
      needed = measure.needed(fitting)
      answer = limits.budgets.hold(purses, { ...needed, at })
      if (answer.kind === 'hold') return { hold: held(answer, fitting, needed), outputTokensMax: fitting }
    }
    throw refuse(answer)
  }

  /** Keeps nothing else of the attempt: a stream lasts for minutes. */
  function refusalFor(caller: Caller, readsNotices: boolean): Refuse {
    return (shortage) => {
      limits.budgets.refused(shortage)
      const now = clock.now()
      return budgetRefusal(shortage, { caller, organisation: limits.organisation(), now, readsNotices, random })
    }
  }
}

type Refuse = (shortage: Shortage) => GatewayError

/** What an attempt has more once it is paid for. */
type Paid = Pick<PaidAttempt, 'hold' | 'outputTokensMax'>

function leastWorth({ demand: { outputTokens, thinkingTokens } }: Measure): number {
  if (thinkingTokens > 0) return Math.min(outputTokens, thinkingTokens + WORDS_AFTER_THINKING)
  return Math.max(1, Math.min(outputTokens, OUTPUT_TOKENS_WORTH))
}

/** Tells the client what is spent, and whoever keeps answers that this one may be shorter than it was asked for. */
function marked(reply: Reply, notice: HeaderLines, isShortened: boolean): Reply {
  return {
    head(head) {
      const headers = head.status === 200 ? [...head.headers, ...notice] : head.headers
      reply.head({ ...head, headers, ...(isShortened && { isShortened }) })
    },
    chunk: (bytes) => reply.chunk(bytes),
    end: (ending) => reply.end(ending),
    fail: (error, by, more) => reply.fail(error, by, more),
  }
}

/** Outside of the stage, because a call keeps it for as long as its stream: a closure in there would keep the whole body. */
function noteBoth(one: Attempt['noteTokens'], other: Attempt['noteTokens']): Attempt['noteTokens'] {
  return (tokens) => {
    one(tokens)
    other(tokens)
  }
}
