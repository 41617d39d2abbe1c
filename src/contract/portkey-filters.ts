import { z } from 'zod'
import { idOrSlug, moment } from './fields.ts'

/* Portkey's names for what records are filtered by, in queries of analytics and in bodies of exports. */

/** Several values: apart by commas in a query, a list in a body. */
const several = z
  .union([z.string().max(4_000), z.array(z.string().max(255)).max(200)])
  .transform((value) => (Array.isArray(value) ? value : value.split(',')).map((each) => each.trim()))
  .transform((values) => values.filter((each) => each !== ''))

const amount = z.coerce.number().min(0).max(1e15).optional()
const score = z.coerce.number().min(-10).max(10).optional()

export const portkeyFilters = {
  time_of_generation_min: moment.optional().meta({ description: 'first moment; thirty days ago without' }),
  time_of_generation_max: moment.optional().meta({ description: 'up to this moment; now without' }),
  workspace_slug: idOrSlug.optional(),
  total_units_min: amount,
  total_units_max: amount,
  cost_min: amount.meta({ description: 'US cents' }),
  cost_max: amount.meta({ description: 'US cents' }),
  prompt_token_min: amount,
  prompt_token_max: amount,
  completion_token_min: amount,
  completion_token_max: amount,
  status_code: z
    .union([several, z.number().transform((status) => [String(status)])])
    .refine((all) => all.every((each) => /^[1-9]\d\d$/.test(each)), 'has to be statuses such as 429, apart by commas')
    .optional(),
  weighted_feedback_min: score.meta({ description: 'mean of value times weight over the feedback of the trace' }),
  weighted_feedback_max: score,
  virtual_keys: several.optional().meta({ description: 'slugs of providers' }),
  configs: several.optional().meta({ description: 'pc-… of configs' }),
  api_key_ids: several.optional(),
  metadata: z
    .union([z.string().max(4_000), z.record(z.string(), z.string().max(255))])
    .optional()
    .meta({ description: 'a JSON object of tags; all of them have to be there' }),
  ai_org_model: several
    .optional()
    .meta({ description: 'kind of provider and model, such as anthropic__claude-opus-5' }),
  cache_status: several.optional().meta({ description: 'HIT, MISS, REFRESH or DISABLED' }),
  trace_id: several.optional(),
  span_id: several.optional(),
  prompt_slug: several.optional().meta({ description: 'finds nothing: there are no stored prompts' }),
  q: z
    .string()
    .optional()
    .meta({ description: 'a filter besides, such as model:opus* dev:ana; reference/filters.md has its fields' }),
}
