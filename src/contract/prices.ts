import { z } from 'zod'
import { moment, strict } from './fields.ts'

/* Prices have versions: a call is priced by the newest version that is valid when it is made, and never again. */

export const PriceVersionCreate = strict({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'has to be a name such as 2026-11-23'),
  valid_from: moment,
  source: z.string().trim().max(500).default('admin API'),
  table: z
    .record(z.string(), z.unknown())
    .meta({ description: 'The whole price table; see the reference of its format.' }),
})

export const PriceVersion = z.object({
  id: z.string(),
  valid_from: z.string(),
  source: z.string(),
  status: z.enum(['scheduled', 'current', 'superseded']),
  created_at: z.string(),
  object: z.literal('price-version'),
})

export const PriceVersionList = z.object({
  object: z.literal('list'),
  total: z.number().int(),
  data: z.array(PriceVersion),
})

export const PriceVersionCreated = z.object({ id: z.string(), object: z.literal('price-version') })
