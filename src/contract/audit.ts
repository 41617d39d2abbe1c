import { z } from 'zod'
import { moment, page, strict } from './fields.ts'

/*
 * The audit trail: Portkey's query and shape, and beside them what was there before and after, why, and the chain of hashes
 * by which one can see that nothing was changed since.
 */

const userType = z.enum(['user', 'api_key', 'preset_key', 'operator', 'nobody'])

const text = z.string().min(1).max(2048)

export const AuditQuery = strict({
  start_time: moment.optional(),
  end_time: moment.optional(),
  organisation_id: text
    .optional()
    .meta({ description: 'Portkey asks for it; here there is one, and another has nothing.' }),
  workspace_id: text.optional().meta({ description: 'UUID or slug' }),
  method: z.string().max(16).toUpperCase().optional(),
  uri: text.optional().meta({ description: 'Path and query, exactly.' }),
  request_id: text.optional(),
  user_id: text.optional().meta({ description: 'Of a person (with what their keys did) or of a key.' }),
  user_type: userType.optional(),
  response_status_code: z.coerce.number().int().min(100).max(599).optional(),
  resource_type: text.optional(),
  resource_id: text.optional(),
  action: text.optional(),
  client_ip: text.optional(),
  country: text.optional().meta({ description: 'Known of no entry: addresses are not looked up.' }),
  after_number: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .meta({ description: 'Entries with a higher number, oldest first: for reading on from where one was.' }),
  current_page: page.current_page,
  page_size: z.coerce.number().int().min(1).max(100).default(100),
})

export const AuditRecord = z.object({
  number: z.number().int().meta({ description: '1, 2, 3, …, without a gap.' }),
  timestamp: z.string(),
  action: z.string(),
  resource_type: z.string(),
  resource_id: z.string().nullable(),
  organisation_id: z.string(),
  workspace_id: z.string().nullable(),
  user_type: userType,
  user_id: z.string().nullable().meta({ description: 'Of the person or, for an api_key, of the key.' }),
  user_name: z.string().nullable().meta({ description: 'E-mail address or name of the key, as of then.' }),
  key_user_id: z.string().nullable().meta({ description: 'The person to whom the key belongs.' }),
  method: z.string(),
  uri: z.string(),
  query_params: z.record(z.string(), z.string()),
  request_id: z.string(),
  request_body: z.null().meta({ description: 'Bodies may hold secrets and are not kept; see before and after.' }),
  request_headers: z.record(z.string(), z.string()),
  response_status_code: z.number().int(),
  client_ip: z.string(),
  country: z.null(),
  reason: z.string().nullable().meta({ description: 'From the header x-portcullis-reason.' }),
  before: z.unknown().meta({
    description:
      'The thing as the API showed it; null where there was none. Instead of more than 128 KB: { too_large, characters, sha256 }.',
  }),
  after: z.unknown(),
  previous_hash: z.string(),
  hash: z.string(),
})

export const AuditRecords = z.object({ records: z.array(AuditRecord), total: z.number().int() })

export const AuditVerifyQuery = strict({
  number: z.coerce.number().int().min(1).optional(),
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'has to be 64 hex digits')
    .optional(),
}).refine(({ number, hash }) => (number === undefined) === (hash === undefined), 'number and hash: go together')

export const AuditVerdict = z.object({
  intact: z.boolean(),
  entries: z.number().int().meta({ description: 'How many fit together, from the first.' }),
  last: z.object({ number: z.number().int(), hash: z.string(), timestamp: z.string() }).nullable(),
  problem: z
    .object({ number: z.number().int(), why: z.string() })
    .nullable()
    .meta({ description: 'The first entry that does not fit.' }),
  object: z.literal('audit-verdict'),
})
