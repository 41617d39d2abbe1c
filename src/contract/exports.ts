import { z } from 'zod'
import { idOrSlug, list, page, remark, stamps, strict } from './fields.ts'
import { Log } from './logs.ts'
import { portkeyFilters } from './portkey-filters.ts'

/* Exports of records: what goes into the file, and how far it has come. */

/** What Portkey's exports hold when nobody says: everything of the row, nothing of the content. */
export const USUAL_COLUMNS = [
  'id',
  'trace_id',
  'created_at',
  'is_success',
  'ai_org',
  'ai_model',
  'req_units',
  'res_units',
  'total_units',
  'request_url',
  'cost',
  'cost_currency',
  'response_time',
  'response_status_code',
  'mode',
  'config',
  'prompt_slug',
  'metadata',
] as const

/** What people wrote and were answered. */
export const CONTENT_COLUMNS = ['request', 'response'] as const

export const EXPORT_COLUMNS: readonly string[] = [
  ...new Set([...USUAL_COLUMNS, ...CONTENT_COLUMNS, 'content_state', ...Object.keys(Log.shape)]),
]

const wish = {
  workspace_id: idOrSlug.optional(),
  description: remark.optional(),
  filters: strict(portkeyFilters).optional().meta({ description: 'of which records; thirty days without a time' }),
  requested_data: z
    .array(z.enum(EXPORT_COLUMNS as [string, ...string[]]))
    .min(1)
    .max(100)
    .optional()
    .meta({
      description: "columns in their order: Portkey's, and every member of a log; request and response are content",
    }),
  format: z.enum(['jsonl', 'csv']).optional().meta({ description: 'jsonl when nobody says' }),
}

export const ExportCreate = strict(wish)

/** What is left out stays as it is. */
export const ExportUpdate = strict(wish)

export const ExportListQuery = strict({ workspace_id: idOrSlug.optional(), ...page })

export const ExportDownloadQuery = strict({
  compression: z
    .enum(['gzip', 'none'])
    .default('gzip')
    .meta({ description: 'the file as it lies there, .gz, or unpacked on its way' }),
})

export const ExportMade = z.object({
  id: z.string(),
  total: z.number().int().meta({ description: 'records that match' }),
  total_is_exact: z.boolean().meta({ description: 'false where counting would have taken too long: there are more' }),
  object: z.literal('export'),
})

export const Export = z.object({
  id: z.string(),
  object: z.literal('export'),
  organisation_id: z.string(),
  workspace_id: z.string().nullable(),
  filters: z.record(z.string(), z.unknown()),
  requested_data: z.array(z.string()),
  format: z.enum(['jsonl', 'csv']),
  status: z.enum(['draft', 'in_progress', 'success', 'failed', 'stopped']),
  description: z.string().nullable(),
  created_by: z.string().nullable(),
  total_records: z.number().int().meta({ description: 'written so far; all of them once it is a success' }),
  bytes: z.number().int().meta({ description: 'of the file, compressed' }),
  error: z.string().nullable(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  expires_at: z.string().nullable().meta({ description: 'when the file is removed' }),
  ...stamps,
})

export const ExportPage = list(Export)

export const ExportTold = z.object({ message: z.string(), object: z.literal('export') })

export const ExportLink = z.object({
  signed_url: z.string().meta({ description: 'opens without a key, for five minutes' }),
  object: z.literal('export'),
})

export const FieldRestrictions = z.object({
  object: z.literal('field-restrictions'),
  fields: z.array(z.string()).meta({ description: 'that may be asked for' }),
  denied_fields: z.array(z.string()).meta({ description: 'that this caller may not ask for' }),
})
