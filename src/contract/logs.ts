import { z } from 'zod'
import { contentState } from './content.ts'
import { idOrSlug, moment, strict } from './fields.ts'

/* What happened: one row per exchange, refusals included, and sums of the account book. */

const filters = {
  workspace_id: idOrSlug.optional(),
  session: z.string().max(255).optional().meta({ description: 'ses_… of a session, or the id that the client sends' }),
  key: z.string().max(255).optional().meta({ description: 'id of a key' }),
  model: z.string().max(255).optional().meta({ description: 'the model that was asked for or the one that served' }),
  provider: z.string().max(255).optional().meta({ description: 'slug, with or without @' }),
  status: z
    .string()
    .regex(/^(?:[1-5]\d\d|[1-5]xx)$/, 'has to be a status such as 429 or a class such as 4xx')
    .optional(),
  config: z.string().max(255).optional().meta({ description: 'pc-… of the config that was followed' }),
  cache: z
    .enum(['HIT', 'MISS', 'REFRESH', 'DISABLED'], { error: 'has to be HIT, MISS, REFRESH or DISABLED' })
    .optional()
    .meta({ description: 'what the cache did' }),
  since: moment.optional().meta({ description: 'first moment, inclusive' }),
  until: moment.optional().meta({ description: 'last moment, exclusive' }),
}

/** Whatever its length: the filter's own parser says what is too long, in the words of all its problems. */
const q = z
  .string()
  .optional()
  .meta({ description: 'a filter, such as model:opus* dev:ana is:error; reference/filters.md has its fields' })

const paging = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(255).optional().meta({ description: 'next_cursor of the page before' }),
}

export const LogQuery = strict({
  ...filters,
  q,
  ...paging,
  count: z.enum(['true', 'false']).default('false').meta({ description: 'Whether to count what matches, too.' }),
})

/** Whose values are counted when nobody says. */
export const FACETS = [
  'model',
  'provider',
  'workspace',
  'user',
  'key',
  'project',
  'class',
  'client',
  'status',
  'error',
  'stop',
] as const

export const FacetQuery = strict({
  ...filters,
  q,
  fields: z
    .string()
    .max(1_000)
    .optional()
    .meta({ description: `fields, apart by commas, of ${FACETS.join(', ')} and tag.NAME; without, all but tags` }),
  limit: z.coerce.number().int().min(1).max(100).default(20).meta({ description: 'values of each field' }),
})

export const SearchQuery = strict({
  ...filters,
  q,
  text: z.string().min(1).max(500).meta({ description: 'words that were said, all of them' }),
  ...paging,
})

export const FilterQuery = strict({
  q: z.string().default(''),
  cursor: z.coerce
    .number()
    .int()
    .min(0)
    .max(10_000)
    .optional()
    .meta({ description: 'where the editor stands, in characters; its end without' }),
})

export const SummaryQuery = strict(filters)

export const TokenCounts = z.object({
  input: z.number().int().meta({ description: 'neither read from a cache nor written to one' }),
  output: z.number().int(),
  cache_read: z.number().int(),
  cache_write_5m: z.number().int(),
  cache_write_1h: z.number().int(),
  thinking: z.number().int().meta({ description: 'the part of output that was thinking' }),
  web_searches: z.number().int(),
  web_fetches: z.number().int(),
  code_executions: z.number().int(),
})

const text = z.string().nullable()
const milliseconds = z.number().nullable()

const routeStep = z.object({
  path: z.string(),
  provider: text.meta({ description: 'slug' }),
  result: z.enum(['answered', 'failed', 'skipped', 'retried', 'repaired']),
  status: z.number().int().nullable().meta({ description: "the upstream's" }),
  reason: text,
  ms: z.number(),
})

/** Portkey's row where it has a name for a thing, our own names for the rest. */
export const Log = z.object({
  id: z.string(),
  object: z.literal('log'),
  created_at: z.string(),
  trace_id: text,
  organisation_id: text,
  workspace_id: text,
  workspace_slug: text,
  api_key_id: text,
  user_id: text,
  _user: text.meta({ description: 'the _user tag of the metadata' }),
  metadata: z.record(z.string(), z.string()),
  request_url: z.string(),
  request_method: z.literal('POST'),
  is_success: z.boolean(),
  response_status_code: z.number().int(),
  ai_org: text.meta({ description: 'kind of the provider' }),
  ai_model: text.meta({ description: 'the model that served, else the one asked for' }),
  virtual_key: text.meta({ description: 'slug of the provider' }),
  req_units: z.number().int().meta({ description: 'all input tokens, cached ones included' }),
  res_units: z.number().int(),
  total_units: z.number().int(),
  cost: z.number().meta({ description: 'US cents' }),
  cost_currency: z.literal('USD'),
  response_time: z.number().meta({ description: 'milliseconds until the last byte' }),
  gateway_processing_time: milliseconds.meta({
    description:
      'milliseconds that the gateway added: from the last byte of the body to the upstream, and back to the client',
  }),
  stream_mode: z.boolean(),
  retry_success_count: z.number().int(),
  // Beyond Portkey's row.
  cost_usd: z.string().meta({ description: 'US dollars, exact' }),
  price_version: text,
  tokens: TokenCounts,
  session: text.meta({ description: 'ses_…: the session within its workspace and person' }),
  session_id: text.meta({ description: 'what the client sends' }),
  project: text,
  agent_id: text,
  parent_agent_id: text,
  prompt_id: text,
  request_class: text,
  client: text,
  client_version: text,
  model_asked: text,
  model_served: text,
  provider: text.meta({ description: '@slug' }),
  provider_id: text,
  attempts: z.number().int().meta({ description: 'upstream calls that were made' }),
  config: text.meta({ description: 'pc-… of the config that was followed' }),
  config_version_id: text,
  target_path: text.meta({ description: 'where the target that answered stands in the config: config.targets[1]' }),
  retries: z.number().int().meta({ description: 'tries after the first at that target; -1 when all were used up' }),
  cache_status: text.meta({ description: 'HIT, MISS, REFRESH or DISABLED' }),
  route: z.array(routeStep).meta({ description: 'every target that was tried or skipped, in order' }),
  changes: z.array(z.string()).meta({ description: 'what was changed in the request for the target that answered' }),
  upstream_request_id: text,
  outcome: z.string().meta({ description: 'completed, interrupted or refused' }),
  interrupted_by: text,
  error_code: text,
  stop_reason: text,
  queue_ms: milliseconds.meta({ description: 'from its arrival until the request was ready to leave' }),
  connect_ms: milliseconds.meta({ description: 'from then until a connection took it' }),
  first_byte_ms: milliseconds.meta({ description: 'from its arrival' }),
  first_token_ms: milliseconds.meta({ description: 'from its arrival' }),
  request_bytes: z.number().int(),
  response_bytes: z.number().int(),
  content: z.string().meta({ description: 'full, masked, metadata, dropped or none: what was decided when it came' }),
  fresh_bytes: z
    .number()
    .int()
    .nullable()
    .meta({ description: 'bytes of the request that were not in its session before' }),
  tools_called: z.array(z.string()).nullable(),
  preview: text.meta({ description: 'the beginning of what was said last; for whoever may see content' }),
  source: z.string().meta({ description: 'gateway, or api for what was handed in' }),
  flags: z.array(z.enum(['usage_estimated', 'unknown_model', 'free'])).meta({
    description: 'usage_estimated: the provider did not report all of it; unknown_model: priced at the dearest tier.',
  }),
})

export const LogReadQuery = strict({
  content: z
    .enum(['true', 'false'], { error: 'has to be true or false' })
    .default('false')
    .transform((value) => value === 'true')
    .meta({ description: 'With request and response, as far as they were kept; those of others take a reason.' }),
})

/** What Portkey's log document has beside the row. Headers that are secrets are masked. */
export const LogContent = z.object({
  content_state: contentState,
  request: z.object({
    url: text,
    method: text,
    headers: z.record(z.string(), z.string()),
    body: z.unknown().meta({ description: 'An object where it is JSON, else text; null where it cannot be read.' }),
  }),
  response: z.object({
    status: z.number().int().nullable(),
    headers: z.record(z.string(), z.string()),
    body: z.unknown().meta({ description: 'The same; an answer that was streamed is text.' }),
    responseTime: z.number().meta({ description: 'milliseconds' }),
  }),
})

export const LogDocument = Log.extend(LogContent.partial().shape)

const searchedUntil = text.meta({
  description: 'the moment down to which records were looked at, where time was up; null when there is nothing below',
})

export const LogPage = z.object({
  object: z.literal('list'),
  data: z.array(Log),
  next_cursor: text.meta({ description: 'null on the last page' }),
  searched_until: searchedUntil,
  count: z
    .object({
      value: z.number().int(),
      relation: z
        .enum(['exactly', 'at_least'])
        .meta({ description: 'at_least: counting ended at 10,000, or after a second' }),
    })
    .nullable()
    .meta({ description: 'of everything that matches; null unless asked for' }),
  indexed: z.boolean().nullable().meta({
    description:
      'of a search for words: false where nothing was found and no workspace or key that was asked about has `searchable` on, so that it could not have been found; null where no words were looked for',
  }),
})

export const Facets = z.object({
  object: z.literal('facets'),
  facets: z.array(
    z.object({
      field: z.string(),
      values: z.array(
        z.object({
          filter: z.string().meta({ description: 'a term that finds just these' }),
          value: text.meta({ description: 'null for those that have none' }),
          name: text.meta({ description: 'what people call it' }),
          count: z.number().int(),
        }),
      ),
    }),
  ),
  records: z.number().int().meta({ description: 'how many matching records were counted, the newest ones' }),
  complete: z.boolean().meta({ description: 'whether those are all' }),
  searched_until: searchedUntil,
})

export const FilterHelp = z.object({
  object: z.literal('filter'),
  canonical: z.string().meta({ description: 'the shortest spelling of what was understood' }),
  sentence: z.string().meta({ description: 'the same in English' }),
  problems: z.array(z.object({ from: z.number().int(), to: z.number().int(), message: z.string() })),
  completion: z.object({
    from: z.number().int(),
    to: z.number().int(),
    suggestions: z.array(z.object({ text: z.string(), summary: z.string() })),
  }),
})

export const Summary = z.object({
  object: z.literal('usage-summary'),
  requests: z.number().int(),
  upstream_calls: z.number().int(),
  tokens: TokenCounts,
  cost: z.number().meta({ description: 'US cents' }),
  cost_usd: z.string().meta({ description: 'US dollars, exact' }),
  cost_currency: z.literal('USD'),
})
