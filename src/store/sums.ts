import type { Sums } from './usage.ts'

/*
 * Arithmetic of sums of usage. Member by member, and not in a loop over their names: a chart adds up ten thousand of them while
 * everybody waits.
 */

export const NO_SUMS: Sums = {
  requests: 0,
  errors: 0,
  interrupted: 0,
  cache_hits: 0,
  retried: 0,
  fell_back: 0,
  calls: 0,
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_write_5m_tokens: 0,
  cache_write_1h_tokens: 0,
  thinking_tokens: 0,
  web_searches: 0,
  web_fetches: 0,
  code_executions: 0,
  estimated: 0,
  cost_nanos: 0n,
}

export function addSums(one: Sums, other: Sums): Sums {
  return {
    requests: one.requests + other.requests,
    errors: one.errors + other.errors,
    interrupted: one.interrupted + other.interrupted,
    cache_hits: one.cache_hits + other.cache_hits,
    retried: one.retried + other.retried,
    fell_back: one.fell_back + other.fell_back,
    calls: one.calls + other.calls,
    input_tokens: one.input_tokens + other.input_tokens,
    output_tokens: one.output_tokens + other.output_tokens,
    cache_read_tokens: one.cache_read_tokens + other.cache_read_tokens,
    cache_write_5m_tokens: one.cache_write_5m_tokens + other.cache_write_5m_tokens,
    cache_write_1h_tokens: one.cache_write_1h_tokens + other.cache_write_1h_tokens,
    thinking_tokens: one.thinking_tokens + other.thinking_tokens,
    web_searches: one.web_searches + other.web_searches,
    web_fetches: one.web_fetches + other.web_fetches,
    code_executions: one.code_executions + other.code_executions,
    estimated: one.estimated + other.estimated,
    cost_nanos: one.cost_nanos + other.cost_nanos,
  }
}

export function subtractSums(one: Sums, other: Sums): Sums {
  return {
    requests: one.requests - other.requests,
    errors: one.errors - other.errors,
    interrupted: one.interrupted - other.interrupted,
    cache_hits: one.cache_hits - other.cache_hits,
    retried: one.retried - other.retried,
    fell_back: one.fell_back - other.fell_back,
    calls: one.calls - other.calls,
    input_tokens: one.input_tokens - other.input_tokens,
    output_tokens: one.output_tokens - other.output_tokens,
    cache_read_tokens: one.cache_read_tokens - other.cache_read_tokens,
    cache_write_5m_tokens: one.cache_write_5m_tokens - other.cache_write_5m_tokens,
    cache_write_1h_tokens: one.cache_write_1h_tokens - other.cache_write_1h_tokens,
    thinking_tokens: one.thinking_tokens - other.thinking_tokens,
    web_searches: one.web_searches - other.web_searches,
    web_fetches: one.web_fetches - other.web_fetches,
    code_executions: one.code_executions - other.code_executions,
    estimated: one.estimated - other.estimated,
    cost_nanos: one.cost_nanos - other.cost_nanos,
  }
}
