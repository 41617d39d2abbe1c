import { z } from 'zod'
import { idOrSlug, moment, strict } from './fields.ts'
import { TokenCounts } from './logs.ts'

/* Sessions of Claude Code: what they came to, their turns and their agents. Those of the console are in sessions.ts. */

const limit = z.coerce.number().int().min(1).max(200).default(50)
const cursor = z.string().max(255).optional().meta({ description: 'next_cursor of the page before' })
const next_cursor = z.string().nullable().meta({ description: 'null on the last page' })

export const CodingSessionQuery = strict({
  workspace_id: idOrSlug.optional(),
  user: z.string().min(1).max(320).optional().meta({ description: 'Id or e-mail address.' }),
  key: z.string().min(1).max(255).optional().meta({ description: 'Id of the key that made its first request.' }),
  project: z.string().min(1).max(128).optional(),
  client: z.string().min(1).max(128).optional().meta({ description: 'Such as claude-cli.' }),
  since: moment.optional().meta({ description: 'Used at or after this moment.' }),
  until: moment.optional().meta({ description: 'Used last before this moment.' }),
  title: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Part of the title; only of titles that the caller may read.' }),
  limit,
  cursor,
})

const text = z.string().nullable()

const costs = {
  cost: z.number().meta({ description: 'US cents' }),
  cost_usd: z.string().meta({ description: 'US dollars, exact' }),
  cost_currency: z.literal('USD'),
}

const rate = z.number().nullable()

export const CodingSession = z.object({
  id: z.string().meta({ description: 'ses_…' }),
  object: z.literal('coding-session'),
  session_id: z.string().meta({ description: 'As the client sends it.' }),
  workspace_id: z.string(),
  workspace_slug: text,
  user_id: text,
  api_key_id: z.string(),
  project: text,
  client: text,
  client_version: text,
  title: text.meta({ description: 'Content: null for whoever may not read it, and once it has gone.' }),
  started_at: z.string(),
  last_at: z.string(),
  requests: z.number().int(),
  errors: z.number().int(),
  tokens: TokenCounts,
  ...costs,
  cache_hit_rate: rate.meta({ description: 'Of all input tokens, those read from the prompt cache: 0 to 1.' }),
  is_own: z.boolean().meta({ description: 'Whether the caller made it.' }),
})

export const CodingSessionPage = z.object({ object: z.literal('list'), data: z.array(CodingSession), next_cursor })

export const CodingSessionDetail = CodingSession.extend({
  turns: z.number().int().meta({ description: 'Requests that can be walked: GET /sessions/:id/turns.' }),
  agents: z.number().int().meta({ description: 'Sub-agents.' }),
  peak_context_tokens: z.number().int().meta({ description: 'The largest prompt of one request.' }),
  compactions: z.number().int(),
  models: z.array(z.object({ model: text, requests: z.number().int(), ...costs })),
})

export const TurnQuery = strict({
  agent: z
    .string()
    .max(255)
    .optional()
    .meta({ description: 'Only turns of one agent; main for those outside of any.' }),
  limit,
  cursor,
})

export const Turn = z.object({
  id: z.string().meta({ description: 'Of the log.' }),
  object: z.literal('turn'),
  created_at: z.string(),
  agent_id: text,
  parent_agent_id: text,
  prompt_id: text,
  request_class: text,
  model: text.meta({ description: 'That served, else that was asked for.' }),
  provider: text.meta({ description: '@slug' }),
  status: z.number().int(),
  outcome: z.string(),
  error_code: text,
  stop_reason: text,
  tokens: TokenCounts,
  ...costs,
  cache_hit_rate: rate,
  response_time: z.number().meta({ description: 'milliseconds until the last byte' }),
  first_token_ms: z.number().nullable(),
  request_bytes: z.number().int(),
  response_bytes: z.number().int(),
  fresh_bytes: z.number().int().nullable().meta({ description: 'Of the request: not in its session before.' }),
  messages: z.number().int().nullable(),
  first_changed_message: z
    .number()
    .int()
    .nullable()
    .meta({ description: 'The first earlier message that is not as it was in the turn before; null where all are.' }),
  tools_hash: text,
  system_hash: text,
  tools: z.array(z.string()).nullable().meta({ description: 'Names of the tools that the answer called.' }),
  preview: text.meta({ description: 'Content, as the title is.' }),
  content: z.string().meta({ description: 'full, masked, metadata, dropped or none: what was meant to be kept.' }),
})

export const TurnPage = z.object({ object: z.literal('list'), data: z.array(Turn), next_cursor })

const agentSums = z.object({
  requests: z.number().int(),
  errors: z.number().int(),
  tokens: TokenCounts,
  ...costs,
})

export const Agent = z.object({
  id: text.meta({ description: 'null is the main line.' }),
  parent_id: text,
  depth: z.number().int().meta({ description: '0 is the main line.' }),
  claims_parent: text.meta({ description: 'What its requests say; another one than parent_id where that cannot be.' }),
  prompt_ids: z.array(z.string()),
  first_at: z.string().nullable(),
  last_at: z.string().nullable(),
  own: agentSums,
  total: agentSums.meta({ description: 'With everything below it.' }),
})

export const AgentTree = z.object({
  object: z.literal('agent-tree'),
  agents: z.array(Agent).meta({ description: 'The main line first, each followed by those it started.' }),
  complete: z.boolean().meta({ description: 'False when there are more agents than are added up.' }),
})

export const Openings = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({
      at: z.string(),
      by: text.meta({ description: 'E-mail address or name of the key, as of then.' }),
      by_type: z.string(),
      by_id: text,
      reason: text,
      log: text.meta({ description: 'The request that was opened first, where it was not the session as a whole.' }),
    }),
  ),
})
