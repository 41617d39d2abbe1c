import { z } from 'zod'
import { strict } from './fields.ts'

/* What was kept of requests and answers, and how it is read. */

export const BODY_KINDS = ['client_request', 'upstream_request', 'response', 'upstream_error', 'envelope'] as const

const text = z.string().nullable()

/** Whether content can be read, and why not. */
export const contentState = z
  .enum(['readable', 'metadata', 'dropped', 'none', 'expired', 'deleted', 'lost', 'damaged'])
  .meta({
    description:
      'metadata: nobody wanted it kept; dropped: too much at that moment; none: there was none; expired, deleted; lost: a crash came first; damaged: it is not what its hash says.',
  })

export const BodyList = z.object({
  object: z.literal('list'),
  state: contentState,
  data: z.array(
    z.object({
      kind: z.enum(BODY_KINDS),
      ordinal: z.number().int().meta({ description: 'Number of the upstream call; 0 for the exchange as a whole.' }),
      bytes: z.number().int(),
      fresh_bytes: z.number().int().meta({ description: 'Not in its session before.' }),
      sha256: z.string().meta({ description: 'Of what was sent, also where masked bytes are kept.' }),
      masked: z.array(z.object({ offset: z.number().int(), length: z.number().int(), rule: z.string() })),
      url: z.string(),
    }),
  ),
})

export const BodyQuery = strict({
  ordinal: z.coerce.number().int().min(0).max(1_000).default(0).meta({ description: 'Number of the upstream call.' }),
})

export const Piece = z.object({
  offset: z.number().int().meta({ description: 'In bytes of the body.' }),
  length: z.number().int(),
  where: text.meta({
    description: 'The member that it lies in, such as messages[12]; null where the body is no JSON.',
  }),
  text: z.string(),
  truncated: z.boolean().meta({ description: 'Whether the text ends before the piece does; the body has it whole.' }),
})

export const Delta = z.object({
  object: z.literal('delta'),
  log: z.string(),
  state: contentState,
  bytes: z.number().int(),
  fresh_bytes: z.number().int(),
  pieces: z.array(Piece).meta({ description: 'What was not in the session before, in the order of the body.' }),
})

export const CompareQuery = strict({
  a: z.string().min(1).max(64).meta({ description: 'Id of a log.' }),
  b: z.string().min(1).max(64).meta({ description: 'Id of another log of the same session.' }),
})

export const Comparison = z.object({
  object: z.literal('comparison'),
  a: z.string(),
  b: z.string(),
  state: contentState,
  added: z.array(Piece).meta({ description: 'What b has and a has not.' }),
  removed: z.array(Piece).meta({ description: 'What a has and b has not.' }),
})

export const ReplayQuery = strict({
  agent: z
    .string()
    .max(255)
    .optional()
    .meta({ description: 'Only turns of one agent; main for those outside of any.' }),
  limit: z.coerce.number().int().min(1).max(50).default(20),
  cursor: z.string().max(255).optional().meta({ description: 'next_cursor of the page before' }),
})

const answerText = z.object({ bytes: z.number().int(), text: z.string(), truncated: z.boolean() })

export const Replay = z.object({
  object: z.literal('replay'),
  turns: z.array(
    z.object({
      log: z.string(),
      created_at: z.string(),
      agent_id: text,
      status: z.number().int(),
      state: contentState,
      bytes: z.number().int(),
      fresh_bytes: z.number().int(),
      pieces: z.array(Piece),
      response: answerText.nullable().meta({ description: 'The answer as it was sent.' }),
    }),
  ),
  newest: z
    .object({
      log: z.string(),
      system: text.meta({ description: 'JSON, as it was sent.' }),
      tools: text.meta({ description: 'JSON, as it was sent.' }),
    })
    .nullable()
    .meta({ description: 'Of the newest turn that can be read; on the first page only.' }),
  next_cursor: text,
})
