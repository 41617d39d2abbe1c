import { z } from 'zod'
import { idOrSlug, strict } from './fields.ts'
import { oneOrMore } from './one-or-more.ts'

/* Records of calls that were made without the gateway, as Portkey's clients hand them in. */

/** Bytes of one request, contents and all. */
export const HAND_IN_BYTES_MAX = 8_388_608

const headers = z.record(z.string().max(256), z.union([z.string(), z.number(), z.boolean()]).transform(String))
const milliseconds = z.number().min(0).max(86_400_000)
const tokens = z.number().int().min(0).max(1e9)

const HandedIn = strict({
  request: strict({
    url: z.string().max(4_000).optional(),
    provider: z.string().max(100).optional().meta({ description: '@slug of a provider of ours, or any name' }),
    method: z.string().max(16).optional(),
    headers: headers.optional(),
    body: z.unknown().optional(),
  }),
  response: strict({
    status: z.number().int().min(100).max(599).optional(),
    headers: headers.optional(),
    body: z.unknown().optional(),
    response_time: milliseconds.optional().meta({ description: 'milliseconds' }),
    streamingMode: z.union([z.boolean(), z.string()]).optional(),
  }).optional(),
  metadata: z
    .record(z.string().min(1).max(128), z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .refine((given) => Object.keys(given).length <= 60, 'may hold 60 members at most')
    .optional()
    .meta({ description: 'traceId, spanId, spanName, parentSpanId; all else are tags' }),
  output: strict({
    tokens: z
      .union([
        tokens,
        strict({
          input_tokens: tokens.optional(),
          output_tokens: tokens.optional(),
          cache_read_input_tokens: tokens.optional(),
          cache_creation_input_tokens: tokens.optional(),
        }),
      ])
      .optional()
      .meta({ description: 'A number is of output; without, what the response reports.' }),
    cost: z.number().min(0).max(1e8).optional().meta({ description: "US cents; without, the gateway's prices count" }),
  }).optional(),
})

export const HandIn = oneOrMore(HandedIn)

export const HandInQuery = strict({ workspace_id: idOrSlug.optional() })

export const HandInTaken = z.object({
  status: z.literal('success'),
  message: z.string(),
  log_ids: z.array(z.string()).meta({ description: 'in the order of what was handed in' }),
})
