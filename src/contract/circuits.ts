import { z } from 'zod'
import { idOrSlug, list, strict } from './fields.ts'

/* A circuit says whether a model of a provider is left alone for a while, because it failed again and again. */

export const CircuitQuery = strict({ workspace_id: idOrSlug.optional() })

export const Circuit = z.object({
  provider_id: z.string(),
  /** With the `@` that requests write. */
  provider: z.string(),
  workspace_id: z.string(),
  workspace_slug: z.string(),
  /** As the provider knows it. */
  model: z.string(),
  state: z.enum(['closed', 'open', 'half-open']),
  /** Of the last minute; those that led to the opening while it is open. */
  failures: z.number().int(),
  requests: z.number().int(),
  opened_at: z.string().nullable(),
  retry_at: z.string().nullable(),
  object: z.literal('circuit'),
})

export const CircuitList = list(Circuit)
