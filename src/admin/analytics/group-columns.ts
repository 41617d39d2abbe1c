import type { GroupColumn } from '../../contract/analytics.ts'
import { inputTokens } from '../logs/show-cost.ts'
import { centsOf, percent, ratio, tokensOf } from './numbers.ts'
import type { Latency } from './read-latencies.ts'
import type { GroupSums } from './read-sums.ts'

interface Seen {
  readonly first: string | null
  readonly last: string | null
}

/** The columns that were asked for, of one group. */
export function showColumns(columns: readonly GroupColumn[], { total }: GroupSums, latency: Latency, seen: Seen) {
  const { requests, errors, output_tokens: output } = total
  const all: Readonly<Record<GroupColumn, number | string | null>> = {
    requests,
    cost: centsOf(total),
    total_tokens: tokensOf(total),
    avg_tokens: ratio(tokensOf(total), requests),
    avg_input_tokens: ratio(inputTokens(total), requests),
    avg_output_tokens: ratio(output, requests),
    avg_latency: latency.avg,
    p95_latency: latency.p95,
    p99_latency: latency.p99,
    success_rate: percent(requests - errors, requests),
    error_count: errors,
    cache_hit_rate: percent(total.cache_hits, requests),
    last_seen: seen.last,
    first_seen: seen.first,
  }
  return Object.fromEntries(columns.map((name) => [name, all[name]]))
}
