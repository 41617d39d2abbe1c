import { afterSlash, plainModelName } from './model-names.ts'
import type { Nanos } from './money.ts'
import type { Factor, ModelPrice, PriceTable, Rates } from './price-table.ts'
import type { ReportedUsage, TokenUsage } from './usage.ts'

export { PriceTableError, readPriceTable, type PriceTable } from './price-table.ts'

/** Prices a call by the version of the price table that was valid when it was made. */
export interface Prices {
  price(usage: ReportedUsage, call: PricedCall): PriceTag
}

export interface PricedCall {
  readonly providerKind: string
  /**
   * `regional` when the account or the model's id binds the call to a region (a US data zone, a regional endpoint, `us.`), `global` when they
   * say that it is not; anything else leaves it to what the answer reports.
   */
  readonly scope: string
  /** The name that went upstream, in any spelling: dated, with `[1m]`, or as Bedrock, Vertex or Foundry write it. */
  readonly model: string
  /** Milliseconds since the epoch: decides which version, and which of its rows, apply. */
  readonly at: number
}

export interface Price {
  readonly costNanos: Nanos
  /** `unknown_model`: at least one step was priced at the dearest rates of the table, to be looked at. */
  readonly priceFlag: 'listed' | 'unknown_model' | 'free'
}

export interface PriceTag extends Price {
  readonly priceVersion: string
}

export interface PriceVersion {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly validFrom: number
  readonly table: PriceTable
}

/**
 * Prices by version: the newest one that is valid at the time of the call, or the oldest for calls before all of them. Of
 * two that are valid from the same moment, the first in the list.
 */
export function createPrices(versions: readonly PriceVersion[]): Prices {
  const newestFirst = versions.toSorted((a, b) => b.validFrom - a.validFrom)
  const oldest = newestFirst.at(-1)
  if (oldest === undefined) throw new RangeError('Prices need at least one version of the price table')
  return {
    price(usage, call) {
      const { id, table } = newestFirst.find((version) => version.validFrom <= call.at) ?? oldest
      return { ...price(usage, call, table), priceVersion: id }
    },
  }
}

/**
 * What an answer costs by one table. Every step is priced by its own model and by the tier of its own prompt; speed, service
 * tier and geography are those the answer reports, not those that were asked for. Exact until the end, then rounded up once
 * to a whole nano-dollar. Web fetches cost nothing, and code execution is sold by the container hour, which no answer tells.
 */
export function price(usage: ReportedUsage, call: PricedCall, table: PriceTable): Price {
  if (call.providerKind === 'scripted' && call.model.startsWith('sandbox-')) return { costNanos: 0n, priceFlag: 'free' }

  // The scripted provider plays Anthropic, so that a first run shows what the same work would cost.
  const kind = call.providerKind === 'scripted' ? 'anthropic' : call.providerKind
  const regional = isRegional(usage, call, kind, table)
  let priceFlag: Price['priceFlag'] = 'listed'
  /** Of steps to which no factor applies, which are most; and of all others, times both factors. */
  let plainCost = 0n
  let factoredCost = 0n
  for (const step of usage.steps) {
    const found = findModel(step.model ?? call.model, table)
    if (found === undefined) priceFlag = 'unknown_model'
    const model = found?.price ?? table.dearest
    const pace = found?.fast === true ? table.speedFactors.get('fast') : paceFactor(usage, table)
    const region = regional && model.regional.has(kind) ? table.regionFactor : ONCE
    const cost = tokensAt(step.tokens, ratesOf(model, step.tokens, call.at))
    if (region === ONCE && (pace === undefined || pace === ONCE)) plainCost += cost
    else factoredCost += cost * (pace ?? ONCE) * region
  }
  const tokenCost =
    factoredCost === 0n
      ? divideUp(plainCost, TOKENS_PER_RATE)
      : divideUp(plainCost * ONCE * ONCE + factoredCost, TOKENS_PER_RATE * ONCE * ONCE)
  const costNanos = tokenCost + times(usage.tokens.webSearches, table.webSearchNanos)
  return { costNanos: costNanos < COST_NANOS_MAX ? costNanos : COST_NANOS_MAX, priceFlag }
}

/** A million dollars: no answer costs that, but a host may claim any usage, and the store can add numbers up to 2^63 only. */
const COST_NANOS_MAX = 1_000_000_000_000_000n

/** The factor 1. */
const ONCE: Factor = 1_000_000_000n

const TOKENS_PER_RATE = 1_000_000n

function isRegional(usage: ReportedUsage, call: PricedCall, kind: string, table: PriceTable): boolean {
  if (call.scope === 'regional') return true
  if (call.scope === 'global') return false
  const signs = table.regions.get(kind)
  if (signs === undefined) return false
  if (signs.globalPrefix !== undefined) return !afterSlash(call.model).startsWith(signs.globalPrefix)
  return usage.geography !== undefined && signs.geographies.has(usage.geography)
}

/** A tier such as batch excludes the fast mode, so at most one of the two factors applies. */
function paceFactor(usage: ReportedUsage, table: PriceTable): Factor | undefined {
  return table.serviceTierFactors.get(usage.serviceTier ?? '') ?? table.speedFactors.get(usage.speed)
}

function ratesOf(model: ModelPrice, tokens: TokenUsage, at: number): Rates {
  const prompt = tokens.input + tokens.cacheRead + tokens.cacheWrite5m + tokens.cacheWrite1h
  return model.rates.find((row) => row.from <= at && row.promptOver < prompt) ?? model.rates.at(-1)!
}

function tokensAt(tokens: TokenUsage, rates: Rates): bigint {
  return (
    times(tokens.input, rates.input) +
    times(tokens.cacheWrite5m, rates.cacheWrite5m) +
    times(tokens.cacheWrite1h, rates.cacheWrite1h) +
    times(tokens.cacheRead, rates.cacheRead) +
    times(tokens.output, rates.output)
  )
}

/** Most kinds of tokens do not occur in an answer, and arithmetic without an end is dear. */
function times(count: number, rate: Nanos): bigint {
  return count === 0 ? 0n : BigInt(count) * rate
}

function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}

interface FoundModel {
  readonly price: ModelPrice
  /** The name itself says fast mode: Foundry sells it under ids that end in `-fast` and reports no speed. */
  readonly fast: boolean
}

function findModel(name: string, table: PriceTable): FoundModel | undefined {
  const exact = table.models.get(name)
  if (exact !== undefined) return { price: exact, fast: false }
  // Names come from callers: nothing longer than any provider's id is worth a look.
  if (name.length > MODEL_NAME_MAX) return undefined
  const plain = plainModelName(name)
  const listed = table.models.get(plain)
  if (listed !== undefined) return { price: listed, fast: false }
  const fast = plain.endsWith('-fast') ? table.models.get(plain.slice(0, -'-fast'.length)) : undefined
  return fast && { price: fast, fast: true }
}

/** An ARN of an inference profile is the longest spelling, and ends well below this. */
const MODEL_NAME_MAX = 256
