import { z } from 'zod'
import { idOrSlug, strict } from './fields.ts'

export const CacheQuery = strict({
  workspace_id: idOrSlug
    .optional()
    .meta({ description: 'For administrators; may be left out while there is one workspace.' }),
})

/** How many answers lay in the store. */
export const CacheForgotten = z.object({ deleted: z.number().int(), object: z.literal('cache') })
