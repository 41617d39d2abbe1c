import { formatDollars, type Nanos } from '../../core/money.ts'
import type { UsageSums } from '../../store/usage-sums.ts'

/** Costs as answers have them: Portkey's cents, which are a float, and beside them exact dollars. */
export function showCost(nanos: Nanos) {
  return { cost: Number(nanos) / NANOS_PER_CENT, cost_usd: formatDollars(nanos), cost_currency: 'USD' as const }
}

const NANOS_PER_CENT = 10_000_000

export function showTokens(usage: Omit<UsageSums, 'cost_nanos' | 'estimated'>) {
  return {
    input: usage.input_tokens,
    output: usage.output_tokens,
    cache_read: usage.cache_read_tokens,
    cache_write_5m: usage.cache_write_5m_tokens,
    cache_write_1h: usage.cache_write_1h_tokens,
    thinking: usage.thinking_tokens,
    web_searches: usage.web_searches,
    web_fetches: usage.web_fetches,
    code_executions: usage.code_executions,
  }
}

/** Everything that went in, read from a cache or not: what `req_units` counts. */
export function inputTokens(usage: Omit<UsageSums, 'cost_nanos' | 'estimated'>): number {
  return usage.input_tokens + usage.cache_read_tokens + usage.cache_write_5m_tokens + usage.cache_write_1h_tokens
}
