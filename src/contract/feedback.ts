import { z } from 'zod'
import { strict } from './fields.ts'
import { oneOrMore } from './one-or-more.ts'

/* What people, or tests, think of an answer: kept for the trace that it belongs to. */

const value = z.number().int().min(-10).max(10).meta({ description: '-10 to 10' })
const weight = z.number().min(0).max(1).meta({ description: '0 to 1; 1 when nobody says' })
const metadata = z
  .record(z.string().min(1).max(128), z.unknown())
  .refine((given) => JSON.stringify(given).length <= 4_000, 'may have 4,000 characters of JSON at most')
const traceId = z.string().min(1).max(255)

const Given = strict({
  trace_id: traceId.optional(),
  // In a list, Portkey's client leaves its own spelling.
  traceID: traceId.optional(),
  value,
  weight: weight.optional(),
  metadata: metadata.optional(),
})
  .refine((given) => given.trace_id !== undefined || given.traceID !== undefined, {
    path: ['trace_id'],
    error: 'is required',
  })
  .transform(({ trace_id: named, traceID: spelled, weight: given = 1, metadata: said = {}, ...rest }) => ({
    ...rest,
    trace_id: named ?? spelled!,
    weight: given,
    metadata: said,
  }))

export const FeedbackCreate = oneOrMore(Given)

/** What is left out stays as it is. */
export const FeedbackUpdate = strict({
  trace_id: traceId.optional().meta({ description: 'may be repeated, not changed' }),
  value: value.optional(),
  weight: weight.optional(),
  metadata: metadata.optional(),
})

const ids = z.array(z.string())

/** The ids under both of the names that Portkey has for them. */
export const FeedbackKept = z.object({
  status: z.literal('success'),
  message: z.string(),
  feedback_ids: ids,
  feedback_id: ids,
})
