import { isObject } from './is-object.ts'
import { NO_USAGE, type ReportedUsage, type TokenUsage, type UsageStep } from './usage.ts'

/*
 * The `usage` object of the Messages API: merged over the events of a stream, then read into our own terms. It comes from
 * whatever host an operator configured, so no shape is trusted and nothing here throws: a count that is not a number from
 * zero up is as good as absent, and one that no answer can reach is cut to COUNT_MAX.
 */

/**
 * Of one kind in one answer: a thousand times the largest context. Without a bound one nonsensical answer would fill a
 * column of sums to where the store can no longer add.
 */
const COUNT_MAX = 1_000_000_000

const COUNTS = [
  'input_tokens',
  'output_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'ephemeral_5m_input_tokens',
  'ephemeral_1h_input_tokens',
  'thinking_tokens',
  'web_search_requests',
  'web_fetch_requests',
  'code_execution_requests',
] as const

/** Objects inside `usage` whose counts are merged one by one; no name of theirs appears twice. */
const GROUPS = ['cache_creation', 'output_tokens_details', 'server_tool_use'] as const

const WORDS = ['speed', 'inference_geo', 'service_tier'] as const

/** What the events of one answer have reported so far, in the wire's own names, with nested counts lifted to the top. */
export type WireUsage = { readonly [name in (typeof COUNTS)[number]]?: number } & {
  readonly [name in (typeof WORDS)[number]]?: string
} & { readonly iterations?: readonly unknown[] }

/**
 * Adds a later report of the same answer to what is known: per field the newest usable value stands. Counts in a stream are
 * cumulative, so they are never added, and hosts leave fields out or send null for what they told before.
 */
export function mergeUsage(soFar: WireUsage, next: unknown): WireUsage {
  if (!isObject(next)) return soFar
  const merged: { -readonly [name in keyof WireUsage]: WireUsage[name] } = { ...soFar }
  for (const part of [next, ...GROUPS.map((group) => next[group])]) {
    if (!isObject(part)) continue
    for (const name of COUNTS) {
      const count = readCount(part[name])
      if (count !== undefined) merged[name] = count
    }
  }
  for (const name of WORDS) {
    const word = next[name]
    if (typeof word === 'string') merged[name] = word
  }
  const steps = next['iterations']
  if (Array.isArray(steps) && steps.length > 0) merged.iterations = steps
  return merged
}

/** Reads a `usage` object, whole or merged. Missing counts are 0. */
export function readUsage(wire: unknown): ReportedUsage {
  const merged = mergeUsage({}, wire)
  const total = readTokens(merged)
  const steps = merged.iterations === undefined ? [wholeAnswer(total)] : readSteps(merged.iterations, total)
  return {
    tokens: steps.map((step) => step.tokens).reduce(addUsage),
    steps,
    speed: merged.speed ?? 'standard',
    geography: merged.inference_geo,
    serviceTier: merged.service_tier,
  }
}

/** The sum of two usages, kind by kind. */
export function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  return combine(a, b, (x, y) => Math.min(x + y, COUNT_MAX))
}

/** Whether the input side was told: a prompt never has no tokens, while some hosts begin their stream with zeros. */
export function reportsInput(wire: WireUsage): boolean {
  const { input, cacheRead, cacheWrite5m, cacheWrite1h } = readTokens(wire)
  return input + cacheRead + cacheWrite5m + cacheWrite1h > 0
}

function readTokens(wire: WireUsage): TokenUsage {
  const cacheWrite1h = wire.ephemeral_1h_input_tokens ?? 0
  // Where the split by lifetime is missing or falls short of the total, the rest was written for five minutes: the default.
  const cacheWrite5m = Math.max(
    wire.ephemeral_5m_input_tokens ?? 0,
    (wire.cache_creation_input_tokens ?? 0) - cacheWrite1h,
  )
  return {
    input: wire.input_tokens ?? 0,
    output: wire.output_tokens ?? 0,
    cacheRead: wire.cache_read_input_tokens ?? 0,
    cacheWrite5m,
    cacheWrite1h,
    thinking: wire.thinking_tokens ?? 0,
    webSearches: wire.web_search_requests ?? 0,
    webFetches: wire.web_fetch_requests ?? 0,
    codeExecutions: wire.code_execution_requests ?? 0,
  }
}

function wholeAnswer(tokens: TokenUsage): UsageStep {
  return { model: undefined, kind: 'message', tokens }
}

/**
 * The steps are the bill: the counts beside them leave out compaction, advisors and other hops. What those counts hold beyond
 * the steps (tools, thinking, or output that came after the last list of steps) becomes a step of its own, so it is billed too.
 */
function readSteps(iterations: readonly unknown[], total: TokenUsage): UsageStep[] {
  const steps = iterations.filter(isObject).map((iteration): UsageStep => ({
    model: typeof iteration['model'] === 'string' ? iteration['model'] : undefined,
    kind: typeof iteration['type'] === 'string' ? iteration['type'] : 'message',
    tokens: readTokens(mergeUsage({}, iteration)),
  }))
  const told = steps.map((step) => step.tokens).reduce(addUsage, NO_USAGE)
  const rest = combine(total, told, (all, part) => Math.max(all - part, 0))
  return Object.values(rest).some((count) => count > 0) || steps.length === 0 ? [...steps, wholeAnswer(rest)] : steps
}

function combine(a: TokenUsage, b: TokenUsage, count: (x: number, y: number) => number): TokenUsage {
  return {
    input: count(a.input, b.input),
    output: count(a.output, b.output),
    cacheRead: count(a.cacheRead, b.cacheRead),
    cacheWrite5m: count(a.cacheWrite5m, b.cacheWrite5m),
    cacheWrite1h: count(a.cacheWrite1h, b.cacheWrite1h),
    thinking: count(a.thinking, b.thinking),
    webSearches: count(a.webSearches, b.webSearches),
    webFetches: count(a.webFetches, b.webFetches),
    codeExecutions: count(a.codeExecutions, b.codeExecutions),
  }
}

function readCount(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return undefined
  return Math.min(Math.trunc(value) + 0, COUNT_MAX)
}
