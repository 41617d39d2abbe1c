/** Tokens and calls of one upstream answer, by the kinds that have a price of their own. */
export interface TokenUsage {
  /** Input tokens that were neither read from a cache nor written to one. */
  readonly input: number
  /** All output tokens; thinking is inside. */
  readonly output: number
  readonly cacheRead: number
  /** Tokens written to a cache that lives five minutes. */
  readonly cacheWrite5m: number
  /** Tokens written to a cache that lives one hour; dearer than five minutes. */
  readonly cacheWrite1h: number
  /** The part of `output` that was thinking. Reported, never priced on its own. */
  readonly thinking: number
  readonly webSearches: number
  readonly webFetches: number
  readonly codeExecutions: number
}

/** No tokens, no calls. */
export const NO_USAGE: TokenUsage = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  thinking: 0,
  webSearches: 0,
  webFetches: 0,
  codeExecutions: 0,
}

/** All tokens alike, as limits count them: what was read from a cache or written to it too. */
export function totalTokens({ input, output, cacheRead, cacheWrite5m, cacheWrite1h }: TokenUsage): number {
  return input + output + cacheRead + cacheWrite5m + cacheWrite1h
}

/** One priced step of an answer: a model may hand parts of the work to another model or compact the conversation. */
export interface UsageStep {
  /** The model that ran this step; `undefined` means the one that served the whole answer. */
  readonly model: string | undefined
  /** `message`, `compaction`, `advisor_message`, `fallback_message`, or what a provider invents next. */
  readonly kind: string
  readonly tokens: TokenUsage
}

/** What an upstream answer reported, in one place, ready to be priced. */
export interface ReportedUsage {
  /** Everything that is billed: the sum over `steps`. */
  readonly tokens: TokenUsage
  readonly steps: readonly UsageStep[]
  /** `usage.speed`: `standard` unless the fast mode served it. */
  readonly speed: string
  /** `usage.inference_geo`, or undefined when the provider said nothing. */
  readonly geography: string | undefined
  /** `usage.service_tier`: `standard`, `priority`, `batch`. */
  readonly serviceTier: string | undefined
}
