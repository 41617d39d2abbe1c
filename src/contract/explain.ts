import { z } from 'zod'
import { strict } from './fields.ts'
import { RulesInForce } from './records.ts'

/* What applies to a key, for a model, now. */

export const ExplainQuery = strict({
  key: z.string().min(1).max(255).optional().meta({ description: 'Id of a key; the one that asks, without.' }),
  model: z.string().min(1).max(256).optional().meta({ description: 'As a client would name it, also as @slug/model.' }),
  provider: z.string().min(1).max(101).optional().meta({ description: '@slug, as in the header x-portkey-provider.' }),
})

const refusal = z.object({ code: z.string().meta({ description: 'docs/reference/errors.md' }), message: z.string() })

const amount = z.union([z.number(), z.string()])

const budget = z.object({
  id: z.string(),
  level: z.string(),
  of: z.string().meta({ description: 'Whose it is, in words.' }),
  type: z.enum(['cost', 'tokens', 'requests']),
  credit_limit: amount,
  current_usage: amount,
  held: amount.meta({ description: 'By calls that are running.' }),
  remaining: amount,
  next_usage_reset_at: z.string().nullable(),
  enforcement: z.enum(['hard', 'soft']),
  mode: z.enum(['strict', 'tight']),
  status: z.enum(['active', 'exhausted']),
  targets: z.array(z.string()).meta({ description: 'Paths of the targets to which it applies.' }),
})

const rate = z.object({
  id: z.string(),
  level: z.string(),
  of: z.string(),
  type: z.enum(['requests', 'tokens', 'concurrency']),
  unit: z.string().nullable(),
  value: z.number(),
  targets: z.array(z.string()),
})

export const Explanation = z.object({
  key: z.object({
    id: z.string(),
    name: z.string(),
    type: z.string(),
    state: z.enum(['active', 'administrative', 'revoked', 'suspended', 'expired', 'unknown']),
    user: z.string().nullable().meta({ description: 'E-mail address.' }),
    workspace: z.string().nullable().meta({ description: 'Slug.' }),
    metadata: z.record(z.string(), z.string()).meta({ description: 'Tags that every request of the key carries.' }),
    scopes: z.array(z.string()),
  }),
  model: z.string().nullable(),
  verdict: z.object({
    served: z.boolean(),
    message: z.string().meta({ description: 'What would happen, in one sentence.' }),
  }),
  config: z.object({
    slug: z.string().nullable(),
    why: z.string(),
  }),
  targets: z.array(
    z.object({
      path: z.string(),
      provider: z.string().nullable(),
      model: z.string().nullable(),
      wire_model: z.string().nullable(),
      circuit: z.enum(['closed', 'open', 'half-open']).nullable(),
      refusal: refusal.nullable(),
    }),
  ),
  refusal: refusal.nullable(),
  budgets: z.array(budget).meta({ description: 'The one that is nearest to its end first.' }),
  rate_limits: z.array(rate).meta({ description: 'The narrowest first.' }),
  records: RulesInForce.meta({ description: 'What is kept of its requests, and which level says so.' }),
})
export type Explanation = z.output<typeof Explanation>
