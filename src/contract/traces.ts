import { z } from 'zod'
import { TokenCounts } from './logs.ts'

/* What happened under one trace id: spans of requests, and under each what the gateway tried for it. */

const text = z.string().nullable()

const costs = {
  cost: z.number().meta({ description: 'US cents' }),
  cost_usd: z.string().meta({ description: 'US dollars, exact' }),
  cost_currency: z.literal('USD'),
}

const step = z.object({
  id: z.string(),
  kind: z.enum(['cache', 'try', 'retry', 'repair', 'fallback', 'skipped']),
  path: text.meta({ description: 'Where the target stands in the config.' }),
  provider: text.meta({ description: '@slug' }),
  model: text,
  result: z.string().meta({ description: 'answered, failed, retried, repaired, skipped, HIT or MISS' }),
  status: z.number().int().nullable().meta({ description: "the upstream's" }),
  reason: text,
  started_at: text.meta({ description: 'Of a call that was made.' }),
  ended_at: text,
  duration_ms: z.number().nullable(),
  ...costs,
})

export const Span = z.object({
  id: z.string().meta({ description: 'As the client names it, else the id of the log.' }),
  parent_id: text,
  depth: z.number().int(),
  name: z.string(),
  log: z.string(),
  session: text.meta({ description: 'ses_…' }),
  agent_id: text,
  workspace_id: text,
  started_at: z.string(),
  ended_at: z.string(),
  duration_ms: z.number(),
  status: z.number().int(),
  outcome: z.string(),
  error_code: text,
  model: text,
  tokens: TokenCounts,
  ...costs,
  steps: z.array(step).meta({ description: 'What the gateway did for it, in order.' }),
})

export const Trace = z.object({
  id: z.string(),
  object: z.literal('trace'),
  started_at: z.string(),
  ended_at: z.string(),
  requests: z.number().int(),
  ...costs,
  spans: z.array(Span).meta({ description: 'Each followed by those below it.' }),
  feedback: z
    .array(
      z.object({
        id: z.string(),
        value: z.number().int().meta({ description: '-10 to 10' }),
        weight: z.number(),
        metadata: z.record(z.string(), z.unknown()),
        user_id: text,
        api_key_id: text,
        created_at: z.string(),
      }),
    )
    .meta({ description: 'What was thought of it, oldest first.' }),
  complete: z
    .boolean()
    .meta({ description: 'False where the trace has more requests than are shown; the oldest are.' }),
})
