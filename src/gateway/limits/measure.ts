import { plainModelName } from '../../core/model-names.ts'
import type { Nanos } from '../../core/money.ts'
import { type ReportedUsage, type TokenUsage, totalTokens } from '../../core/usage.ts'
import { asReport, type Demand, FRAME_TOKENS, type ModelSize, readDemand } from '../../limits/bound.ts'
import type { Need, Room } from '../../limits/budgets.ts'
import type { LearnedOutputs } from '../../limits/learned-outputs.ts'
import type { LearnedTurns, Turn } from '../../limits/learned-turns.ts'
import { NO_PROBES, type Probes, findsProbes, takeProbes } from '../../limits/probes.ts'
import { CLAUDE_MODELS } from '../../providers/claude-models.ts'
import { describeClient } from '../describe-client.ts'
import type { Attempt } from '../exchange.ts'
import { configuredBody } from '../model-call.ts'
import type { Prices } from '../parts.ts'
import type { AnswerFacts } from '../stream/answer-tap.ts'

export interface MeasureParts {
  readonly prices: Prices
  readonly turns: LearnedTurns
  readonly outputs: LearnedOutputs
  /** Where each provider has last said that it works; some bind all calls of an account to a region, at a price, without being asked. */
  readonly geographies: Map<string, string>
  /** An even draw from 0 up to 1. */
  readonly random: () => number
}

/** What a call needs of budgets: at most, and probably. */
export type Needed = Pick<Need, 'bound' | 'expected'>

/** Room that is left for a call: in budgets that hold the most it may use, and in those that hold what is likely. */
export interface Rooms {
  readonly strict: Room
  readonly tight: Room
}

/** An answer of which nothing else is known is taken to be no longer; few of Claude Code's are. */
const LIKELY_OUTPUT_TOKENS = 8_000

/** What is likely is taken a little larger. */
const MARGIN = 1.05

/**
 * How much one attempt may use, by its body, its target and what the turns before have taught. Made once per attempt, and asked again when the
 * answer tells more.
 */
export class Measure {
  readonly demand: Demand
  readonly requests: number
  /** Tokens of its own input, without that of other models. */
  readonly inputMax: number
  readonly #parts: MeasureParts
  readonly #attempt: Pick<Attempt, 'receivedAt' | 'target'>
  readonly #probes: Probes
  readonly #turn: Turn | undefined
  /** Undefined for a client that does not tell its sessions apart. */
  readonly #conversation: string | undefined
  readonly #kind: string
  readonly #startedAt: number
  readonly #likelyInput: { readonly cacheRead: number; readonly input: number }
  readonly #likelyOutput: number
  readonly #wantsLikely: boolean
  /** What an answer reports in its beginning is not all that it will have read. */
  readonly #mayGrow: boolean

  /** Where no budget holds what is likely (`wantsLikely`), the most stands for that too: nobody looks at it, and a price is dear to work out. */
  constructor(attempt: Attempt, parts: MeasureParts, now: number, wantsLikely = true) {
    const { target, caller, sessionId, headers, ordinals, receivedAt } = attempt
    const body = configuredBody(attempt.body, target)
    const asked = readDemand(body, sizeOf(target.model))
    const demand = { ...asked, geography: asked.geography ?? parts.geographies.get(target.upstream.providerId) }
    const { agentId, requestClass } = describeClient(headers)
    this.demand = demand
    this.#mayGrow = demand.inputGrows || target.others.length > 0
    // Nothing was learned of what other models do.
    this.#wantsLikely = wantsLikely && target.others.length === 0
    this.requests = ordinals.drawn === 0 ? 1 : 0
    this.#parts = parts
    this.#attempt = { receivedAt, target }
    this.#startedAt = now
    const isEquipped = body.members.find('tools') !== undefined
    // Of one workspace: what another one asks says nothing here, and must not.
    this.#kind = [caller.workspaceId, target.model, requestClass, agentId === undefined, isEquipped].join('\n')
    this.#conversation =
      sessionId === undefined || this.#mayGrow || !Number.isFinite(demand.weight)
        ? undefined
        : `${caller.keyId}\n${sessionId}\n${agentId ?? ''}\n${target.model}\n${target.wire.id}`
    this.#probes = this.#conversation === undefined ? NO_PROBES : takeProbes(body, parts.random)
    this.#turn =
      this.#conversation === undefined
        ? undefined
        : parts.turns.recall(this.#conversation, demand.weight, ({ probes }) => findsProbes(body, probes))
    this.inputMax = inputMax(demand, this.#turn)
    this.#likelyInput = likelyInput(demand, this.#turn, now)
    this.#likelyOutput = parts.outputs.likelyMost(this.#kind) ?? LIKELY_OUTPUT_TOKENS
  }

  /** Before the answer has told anything, if it has no more tokens than this. */
  needed(outputMax: number): Needed {
    const { demand } = this
    const { input, cacheRead } = this.#likelyInput
    const bound = this.#withOthers(asReport(demand, { input: this.inputMax, output: outputMax }), outputMax)
    if (!this.#wantsLikely) return { bound, expected: bound }
    const likelyOutput = Math.min(this.#likelyOutput, outputMax)
    return { bound, expected: this.#amounts(asReport(demand, { input, cacheRead, output: likelyOutput })) }
  }

  /** Once an answer has begun, if it will have so many tokens at most and so many probably. */
  neededFor(answer: AnswerFacts, outputMax: number, likelyOutput: number): Needed {
    const { demand } = this
    if (!answer.inputReported || this.#mayGrow) {
      const { bound } = this.needed(outputMax)
      if (!this.#wantsLikely) return { bound, expected: bound }
      const expected = this.#amounts(asReport(demand, { ...this.#likelyInput, output: likelyOutput }))
      return { bound, expected }
    }
    const report = answer.report()
    const bound = this.#amounts(withOutput(report, outputMax, demand.searches), answer.modelServed)
    if (!this.#wantsLikely) return { bound, expected: bound }
    return { bound, expected: this.#amounts(withOutput(report, likelyOutput, demand.searches), answer.modelServed) }
  }

  /** So many tokens of output are held at first by budgets that hold what is likely. */
  likelyOutput(outputMax: number): number {
    return Math.min(this.#likelyOutput, outputMax)
  }

  /** The most tokens of output for which there is room; undefined when even the input does not fit, or nothing about output is limited. */
  outputThatFits({ strict, tight }: Rooms): number | undefined {
    const { input, cacheRead } = this.#likelyInput
    const most = [
      this.#outputFor(strict, { input: this.inputMax, cacheRead: 0 }),
      this.#outputFor(tight, { input, cacheRead }),
    ].filter((tokens) => tokens !== undefined)
    return most.length === 0 ? undefined : Math.min(...most)
  }

  /** The answer has ended; the next turn of this conversation is measured by it. */
  learn(answer: AnswerFacts, usage: TokenUsage): void {
    const { geography } = answer.report()
    if (geography !== undefined) this.#parts.geographies.set(this.#attempt.target.upstream.providerId, geography)
    if (answer.outputReported) this.#parts.outputs.learn(this.#kind, usage.output)
    if (this.#conversation === undefined || !answer.inputReported) return
    const turn = {
      weight: this.demand.weight,
      probes: this.#probes,
      inputTokens: usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h,
      at: this.#startedAt,
    }
    this.#parts.turns.learn(this.#conversation, turn, this.#turn)
  }

  #outputFor(room: Room, input: { readonly input: number; readonly cacheRead: number }): number | undefined {
    const { demand } = this
    const fits: number[] = []
    if (room.costNanos !== undefined) {
      const asked = Math.max(1, demand.outputTokens)
      const fixed = this.#withOthers(asReport(demand, { ...input, output: 0 }), 0).costNanos
      const whole = this.#withOthers(asReport(demand, { ...input, output: asked }), asked).costNanos
      const perToken = (whole - fixed) / BigInt(asked) + 1n
      // Prices are rounded up to a whole nano-dollar, the input's and the output's.
      fits.push(Number((room.costNanos - fixed - 2n) / perToken))
    }
    if (room.tokens !== undefined) {
      const fixed = this.#withOthers(asReport(demand, { ...input, output: 0 }), 0).tokens
      const writers = 1 + this.#attempt.target.others.filter(({ kind }) => kind === 'fallback').length
      fits.push(Math.floor((Number(room.tokens) - fixed) / writers))
    }
    return fits.length === 0 ? undefined : Math.min(...fits)
  }

  /** With the most that other models come to: one that takes over has the same prompt, an advisor reads two windows of its own. */
  #withOthers(report: ReportedUsage, outputMax: number): Need['bound'] {
    const { demand } = this
    let { costNanos, tokens } = this.#amounts(report)
    for (const { kind, model } of this.#attempt.target.others) {
      const { contextTokens, outputTokens } = sizeOf(model)
      const most =
        kind === 'fallback'
          ? { input: demand.inputTokens, output: outputMax }
          : { input: ADVISOR_WINDOWS * contextTokens, output: outputTokens }
      const more = this.#amounts(asReport(demand, most), model)
      costNanos += more.costNanos
      tokens += more.tokens
    }
    return { costNanos, tokens, requests: this.requests }
  }

  #amounts(report: ReportedUsage, model?: string): Need['bound'] {
    return { costNanos: this.#price(report, model), tokens: totalTokens(report.tokens), requests: this.requests }
  }

  #price(report: ReportedUsage, model?: string): Nanos {
    const { target, receivedAt } = this.#attempt
    return this.#parts.prices.price(report, {
      providerKind: target.upstream.kind,
      scope: target.wire.priceScope,
      model: model ?? target.wire.id,
      at: receivedAt,
    }).costNanos
  }
}

/** Of what an advisor reads: the conversation so far, each time that it is asked. */
const ADVISOR_WINDOWS = 2

const SIZES: ReadonlyMap<string, ModelSize> = new Map(CLAUDE_MODELS.map((model) => [model.id, model]))

/** A model that nobody knows is as large as the largest. */
const LARGEST: ModelSize = {
  contextTokens: Math.max(...CLAUDE_MODELS.map(({ contextTokens }) => contextTokens)),
  outputTokens: Math.max(...CLAUDE_MODELS.map(({ outputTokens }) => outputTokens)),
}

function sizeOf(model: string): ModelSize {
  return SIZES.get(plainModelName(model)) ?? LARGEST
}

function inputMax(demand: Demand, turn: Turn | undefined): number {
  if (turn === undefined) return demand.inputTokens
  return Math.min(demand.inputTokens, turn.inputTokens + (demand.weight - turn.weight) + FRAME_TOKENS)
}

/** What was in the last turn comes from the cache as long as it is kept there; of new text a token has some three bytes. */
function likelyInput(demand: Demand, turn: Turn | undefined, now: number): { cacheRead: number; input: number } {
  const bytesPerToken = 3
  if (turn === undefined) {
    return { cacheRead: 0, input: Math.min(demand.inputTokens, Math.ceil((demand.weight / bytesPerToken) * MARGIN)) }
  }
  const added = Math.ceil(((demand.weight - turn.weight) / bytesPerToken) * MARGIN)
  const isKept = demand.cache !== 'none' && now - turn.at < CACHE_MS[demand.cache]
  return isKept
    ? { cacheRead: turn.inputTokens, input: added }
    : { cacheRead: 0, input: Math.ceil(turn.inputTokens * MARGIN) + added }
}

/** How long a provider keeps a prompt, in milliseconds. */
const CACHE_MS = { '5m': 300_000, '1h': 3_600_000 } as const

/** What the answer has reported so far, as if it went on to so many tokens and did all its searches. */
function withOutput(report: ReportedUsage, output: number, searches: number): ReportedUsage {
  const [first, ...rest] = report.steps
  const more = { output, webSearches: Math.max(report.tokens.webSearches, searches) }
  const tokens = { ...report.tokens, ...more }
  return {
    ...report,
    tokens,
    steps: [
      { model: first?.model, kind: first?.kind ?? 'message', tokens: { ...(first?.tokens ?? tokens), ...more } },
      ...rest,
    ],
  }
}
