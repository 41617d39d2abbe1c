import { z } from 'zod'
import { idOrSlug, moment, strict } from './fields.ts'

/* What clients have told of themselves over OpenTelemetry: guide/telemetry.md says what is kept of it. */

export const ClientEventQuery = strict({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(255).optional().meta({ description: 'next_cursor of the page before' }),
})

export const ClientEvent = z.object({
  id: z.string(),
  object: z.literal('client-event'),
  name: z.string().meta({ description: 'Such as user_prompt, api_request or tool_decision.' }),
  at: z.string(),
  request_id: z.string().nullable().meta({ description: 'Of the log that it is about, as the client says.' }),
  attributes: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .meta({ description: 'Numbers and names; nothing that somebody wrote.' }),
})

export const ClientEventPage = z.object({
  object: z.literal('list'),
  data: z.array(ClientEvent),
  next_cursor: z.string().nullable().meta({ description: 'null on the last page' }),
})

export const ClientMetricsQuery = strict({
  workspace_id: idOrSlug.optional(),
  since: moment.optional().meta({ description: 'thirty days ago without; whole days count' }),
  until: moment.optional().meta({ description: 'now without' }),
  by: z.enum(['day', 'none']).default('day').meta({ description: 'none: one line for all days together' }),
  group: z.enum(['user', 'workspace', 'key']).default('user'),
})

export const ClientMetrics = z.object({
  object: z.literal('client-metrics'),
  zone: z.string().meta({ description: "the organisation's; days begin there" }),
  since: z.string(),
  until: z.string(),
  group: z.string(),
  data: z.array(
    z.object({
      start: z.string().nullable().meta({ description: 'of the day; null when all are one' }),
      group: z.object({ value: z.string().nullable(), name: z.string().nullable(), filter: z.string() }),
      sessions: z.number(),
      active_seconds: z.number().meta({ description: 'that the person was at it' }),
      working_seconds: z.number().meta({ description: 'that Claude Code was' }),
      lines_added: z.number(),
      lines_removed: z.number(),
      commits: z.number(),
      pull_requests: z.number(),
      edits_accepted: z.number(),
      edits_rejected: z.number(),
      acceptance_rate: z.number().nullable().meta({ description: '0 to 1; null without edits' }),
      cost: z.number().meta({ description: 'US cents, as the ledger has it' }),
      cost_usd: z.string().meta({ description: 'US dollars, exact' }),
      cost_currency: z.literal('USD'),
    }),
  ),
})
