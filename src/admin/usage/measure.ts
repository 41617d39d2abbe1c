import { METRICS, type Metric } from '../../contract/usage.ts'
import type { DurationName } from '../../store/usage-rows.ts'
import type { SumColumn, Sums } from '../../store/usage.ts'

/** A metric that is a number of the sums. */
export type SumMetric = Exclude<Metric, `${string}.p${number}`>

/** What a metric of durations asks for; undefined for all others. */
export function durationOf(metric: Metric): { readonly duration: DurationName; readonly share: number } | undefined {
  const [, name = '', percent = ''] = /^(duration|ttft|overhead)\.p(\d+)$/.exec(metric) ?? []
  const duration = DURATIONS[name]
  return duration === undefined ? undefined : { duration, share: Number(percent) / 100 }
}

const DURATIONS: Readonly<Record<string, DurationName>> = {
  duration: 'total',
  ttft: 'first_token',
  overhead: 'overhead',
}

/** Whether the values of two times, or of two groups, may be added up. */
export function addsUp(metric: Metric): boolean {
  return METRICS[metric] === 'count' || METRICS[metric] === 'dollars'
}

/** The number that a metric is of some sums; null for a share of nothing. */
export function measure(metric: SumMetric, sums: Sums): number | null {
  return MEASURES[metric](sums)
}

const NANOS_PER_DOLLAR = 1e9

const input = (sums: Sums) =>
  sums.input_tokens + sums.cache_read_tokens + sums.cache_write_5m_tokens + sums.cache_write_1h_tokens

const MEASURES: Readonly<Record<SumMetric, (sums: Sums) => number | null>> = {
  cost: ({ cost_nanos: nanos }) => Number(nanos) / NANOS_PER_DOLLAR,
  requests: ({ requests }) => requests,
  errors: ({ errors }) => errors,
  error_rate: ({ errors, requests }) => share(errors, requests),
  interrupted: ({ interrupted }) => interrupted,
  retried: ({ retried }) => retried,
  fell_back: (sums) => sums.fell_back,
  cached: (sums) => sums.cache_hits,
  upstream_calls: ({ calls }) => calls,
  cache_hit_rate: (sums) => share(sums.cache_read_tokens, input(sums)),
  tokens: (sums) => input(sums) + sums.output_tokens,
  'tokens.in': input,
  'tokens.out': (sums) => sums.output_tokens,
  'tokens.uncached': (sums) => sums.input_tokens,
  'tokens.cache_read': (sums) => sums.cache_read_tokens,
  'tokens.cache_write': (sums) => sums.cache_write_5m_tokens + sums.cache_write_1h_tokens,
  'tokens.thinking': (sums) => sums.thinking_tokens,
}

/** The sums that a metric is made of. */
export function columnsOf(metric: SumMetric): readonly SumColumn[] {
  return COLUMNS[metric]
}

/** The sums by which groups are ranked: of a share, the requests, because the largest share is often of one. */
export function rankedBy(metric: SumMetric): readonly SumColumn[] {
  return addsUp(metric) ? columnsOf(metric) : ['requests']
}

const INPUT = ['input_tokens', 'cache_read_tokens', 'cache_write_5m_tokens', 'cache_write_1h_tokens'] as const

const COLUMNS: Readonly<Record<SumMetric, readonly SumColumn[]>> = {
  cost: ['cost_nanos'],
  requests: ['requests'],
  errors: ['errors'],
  error_rate: ['errors', 'requests'],
  interrupted: ['interrupted'],
  retried: ['retried'],
  fell_back: ['fell_back'],
  cached: ['cache_hits'],
  upstream_calls: ['calls'],
  cache_hit_rate: INPUT,
  tokens: [...INPUT, 'output_tokens'],
  'tokens.in': INPUT,
  'tokens.out': ['output_tokens'],
  'tokens.uncached': ['input_tokens'],
  'tokens.cache_read': ['cache_read_tokens'],
  'tokens.cache_write': ['cache_write_5m_tokens', 'cache_write_1h_tokens'],
  'tokens.thinking': ['thinking_tokens'],
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}
