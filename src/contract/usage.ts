import { z } from 'zod'
import { idOrSlug, moment, strict } from './fields.ts'
import { TokenCounts } from './logs.ts'

/* Charts: how usage went over time, and what it divides into. */

/** By name: what it is counted in. */
export const METRICS = {
  cost: 'dollars',
  requests: 'count',
  errors: 'count',
  error_rate: 'share',
  interrupted: 'count',
  retried: 'count',
  fell_back: 'count',
  cached: 'count',
  upstream_calls: 'count',
  cache_hit_rate: 'share',
  tokens: 'count',
  'tokens.in': 'count',
  'tokens.out': 'count',
  'tokens.uncached': 'count',
  'tokens.cache_read': 'count',
  'tokens.cache_write': 'count',
  'tokens.thinking': 'count',
  'duration.p50': 'milliseconds',
  'duration.p90': 'milliseconds',
  'duration.p95': 'milliseconds',
  'duration.p99': 'milliseconds',
  'ttft.p50': 'milliseconds',
  'ttft.p90': 'milliseconds',
  'ttft.p95': 'milliseconds',
  'ttft.p99': 'milliseconds',
  'overhead.p50': 'milliseconds',
  'overhead.p90': 'milliseconds',
  'overhead.p95': 'milliseconds',
  'overhead.p99': 'milliseconds',
} as const

export type Metric = keyof typeof METRICS

const METRIC_NAMES = Object.keys(METRICS) as readonly Metric[]

const shape = {
  workspace_id: idOrSlug.optional(),
  q: z
    .string()
    .optional()
    .meta({ description: 'a filter, such as model:opus* dev:ana; reference/filters.md has its fields' }),
  since: moment
    .optional()
    .meta({ description: 'thirty days ago without, or a day by the hour; whole hours or days count' }),
  until: moment.optional().meta({ description: 'now without' }),
  metric: z.enum(METRIC_NAMES).default('cost'),
  group: z
    .string()
    .max(140)
    .optional()
    .meta({ description: 'model, provider, workspace, project, user, key, class or tag.NAME' }),
  top: z.coerce.number().int().min(1).max(50).default(8).meta({ description: 'groups told apart; the rest is one' }),
  compare: z.enum(['none', 'previous']).default('none').meta({ description: 'with as long a time just before' }),
}

export const SeriesQuery = strict({
  ...shape,
  by: z.enum(['hour', 'day', 'week', 'month']).default('day').meta({ description: "in the organisation's zone" }),
  cumulative: z.enum(['true', 'false']).default('false').meta({ description: 'each value with all before it' }),
})

export const BreakdownQuery = strict({
  ...shape,
  by: z.enum(['hour', 'day']).default('day').meta({ description: 'whether whole hours or whole days count' }),
  group: z.string().max(140).default('model').meta({ description: 'as in /usage/series' }),
  top: z.coerce.number().int().min(1).max(500).default(50),
})

const group = z
  .object({
    value: z.string().nullable().meta({ description: 'null for what has none' }),
    name: z.string().nullable().meta({ description: 'what people call it' }),
    filter: z.string().meta({ description: 'a term that finds just these' }),
  })
  .nullable()
  .meta({ description: 'null for the sum of all, and of the rest' })

const answered = {
  metric: z.string(),
  unit: z.enum(['dollars', 'count', 'share', 'milliseconds']),
  zone: z.string().meta({ description: "the organisation's; hours, days, weeks and months begin there" }),
  since: z.string(),
  until: z.string(),
  source: z
    .enum(['rollups', 'rows'])
    .meta({ description: 'rows: the filter or the grouping is none that is added up' }),
  complete: z.boolean().meta({ description: 'false when time was up, or sums are still being built' }),
  searched_until: z.string().nullable().meta({ description: 'the moment down to which rows were looked at' }),
}

const numbers = z.array(z.number().nullable()).meta({ description: 'null where there is nothing to tell' })

export const UsageSeries = z.object({
  object: z.literal('usage-series'),
  ...answered,
  by: z.string(),
  starts: z.array(z.string()).meta({ description: 'where each value’s time begins' }),
  previous_starts: z.array(z.string()).nullable(),
  series: z.array(
    z.object({
      kind: z.enum(['all', 'group', 'rest']),
      group,
      total: z.number().nullable(),
      total_usd: z.string().nullable().meta({ description: 'US dollars, exact; null unless the metric is cost' }),
      values: numbers,
      previous_total: z.number().nullable(),
      previous_values: numbers.nullable(),
    }),
  ),
})

const sums = z.object({
  requests: z.number().int(),
  errors: z.number().int(),
  interrupted: z.number().int(),
  cached: z.number().int(),
  retried: z.number().int(),
  fell_back: z.number().int(),
  upstream_calls: z.number().int(),
  tokens: TokenCounts,
  cost: z.number().meta({ description: 'US cents' }),
  cost_usd: z.string().meta({ description: 'US dollars, exact' }),
  cost_currency: z.literal('USD'),
})

export const UsageBreakdown = z.object({
  object: z.literal('usage-breakdown'),
  ...answered,
  group: z.string(),
  data: z.array(
    z.object({
      kind: z.enum(['group', 'rest']),
      group,
      value: z.number().nullable().meta({ description: 'of the metric' }),
      share: z.number().nullable().meta({ description: 'of the total, 0 to 1; null where the metric does not add up' }),
      previous_value: z.number().nullable(),
      sums: sums.nullable().meta({ description: 'null for durations' }),
    }),
  ),
  total: z.object({ value: z.number().nullable(), previous_value: z.number().nullable(), sums: sums.nullable() }),
})
