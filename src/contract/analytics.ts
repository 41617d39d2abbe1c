import { z } from 'zod'
import { page, strict } from './fields.ts'
import { portkeyFilters } from './portkey-filters.ts'

/* Portkey's analytics: graphs over time, and groups. */

/** Of generic groups; what the client may ask for by name. */
export const GROUP_COLUMNS = [
  'requests',
  'cost',
  'total_tokens',
  'avg_tokens',
  'avg_input_tokens',
  'avg_output_tokens',
  'avg_latency',
  'p95_latency',
  'p99_latency',
  'success_rate',
  'error_count',
  'cache_hit_rate',
  'last_seen',
  'first_seen',
] as const

export type GroupColumn = (typeof GROUP_COLUMNS)[number]

const ordering = {
  order_by: z.string().max(64).optional().meta({ description: 'a column; requests without' }),
  order_by_type: z.enum(['asc', 'desc', 'ASC', 'DESC']).default('desc'),
}

/** The client sends the same to all of them; a graph has no order and no pages. */
export const AnalyticsQuery = strict({
  ...portkeyFilters,
  ...ordering,
  page_size: z.coerce.number().int().min(1).max(1_000).optional(),
})

export const GroupsQuery = strict({ ...portkeyFilters, ...ordering, ...page })

export const GroupedDataQuery = strict({
  ...portkeyFilters,
  ...ordering,
  ...page,
  columns: z
    .string()
    .max(1_000)
    .optional()
    .meta({ description: `of ${GROUP_COLUMNS.join(', ')}, apart by commas; all without` }),
  include_total: z.enum(['true', 'false']).optional().meta({ description: 'The total is told in any case.' }),
})

const searchedUntil = z
  .string()
  .nullable()
  .meta({ description: 'the moment down to which records were looked at, where time was up; null when all were' })

/** A graph: what the whole time comes to, and a point for each hour or day. */
export function graphOf<Summary extends z.ZodRawShape, Point extends z.ZodRawShape>(summary: Summary, point: Point) {
  return z.object({
    object: z.literal('analytics-graph'),
    summary: z.object(summary),
    data_points: z.array(z.object(point)),
    searched_until: searchedUntil,
  })
}

export function groupsOf<Row extends z.ZodRawShape>(row: Row) {
  return z.object({
    object: z.literal('list'),
    total: z.number().int(),
    data: z.array(z.object(row)),
    searched_until: searchedUntil,
  })
}

const number = z.number().nullable()

/** By the value of what was grouped, under its own name and under `group`. */
export const GroupedRow = {
  group: z.string().nullable().meta({ description: 'null for what has none' }),
  group_name: z.string().nullable().meta({ description: 'what people call it' }),
  requests: number.optional(),
  cost: number.optional().meta({ description: 'US cents' }),
  total_tokens: number.optional(),
  avg_tokens: number.optional(),
  avg_input_tokens: number.optional(),
  avg_output_tokens: number.optional(),
  avg_latency: number.optional().meta({ description: 'milliseconds, of requests that succeeded' }),
  p95_latency: number.optional(),
  p99_latency: number.optional(),
  success_rate: number.optional().meta({ description: 'percent' }),
  error_count: number.optional(),
  cache_hit_rate: number.optional().meta({ description: 'percent of requests answered from the cache' }),
  last_seen: z.string().nullable().optional().meta({ description: 'where its last hour or day begins' }),
  first_seen: z.string().nullable().optional(),
}

export const CacheSummary = z.object({
  object: z.literal('analytics-summary'),
  summary: z.object({
    hits: z.number().int(),
    avg_latency: number.meta({ description: 'milliseconds, of answers from the cache' }),
    total_requests: z.number().int(),
    cache_speedup: number.meta({ description: 'how many times as long all requests take' }),
  }),
  searched_until: searchedUntil,
})
