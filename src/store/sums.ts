import type { Sums } from './usage.ts'

/* Arithmetic of sums of usage. */

export const NO_SUMS: Sums = combine(() => 0, 0n)

export function addSums(one: Sums, other: Sums): Sums {
  return combine((name) => one[name] + other[name], one.cost_nanos + other.cost_nanos)
}

export function subtractSums(one: Sums, other: Sums): Sums {
  return combine((name) => one[name] - other[name], one.cost_nanos - other.cost_nanos)
}

/** Member by member, and not in a loop over their names: a chart adds up ten thousand of them while everybody waits. */
function combine(number: (name: Exclude<keyof Sums, 'cost_nanos'>) => number, cost: bigint): Sums {
  return {
    requests: number('requests'),
    errors: number('errors'),
    interrupted: number('interrupted'),
    cache_hits: number('cache_hits'),
    retried: number('retried'),
    fell_back: number('fell_back'),
    calls: number('calls'),
    input_tokens: number('input_tokens'),
    output_tokens: number('output_tokens'),
    cache_read_tokens: number('cache_read_tokens'),
    cache_write_5m_tokens: number('cache_write_5m_tokens'),
    cache_write_1h_tokens: number('cache_write_1h_tokens'),
    thinking_tokens: number('thinking_tokens'),
    web_searches: number('web_searches'),
    web_fetches: number('web_fetches'),
    code_executions: number('code_executions'),
    estimated: number('estimated'),
    cost_nanos: cost,
  }
}
