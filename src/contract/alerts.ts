import { z } from 'zod'
import { ALERT_KINDS, CHANNEL_KINDS } from '../core/alert-kinds.ts'
import { flag, idOrSlug, list, name, page, stamps, strict } from './fields.ts'

/* Who is told when something happens, and what became of it. */

const events = z
  .array(z.enum(['*', ...ALERT_KINDS]))
  .min(1)
  .max(ALERT_KINDS.length + 1)
  .transform((kinds) => [...new Set(kinds)])
  .meta({ description: 'Kinds of alerts; `*` is all of them, also those of later versions.' })

const url = z
  .url({ protocol: /^https?$/, error: 'has to be an address such as https://hooks.example.com/portcullis' })
  .max(2048)
  .meta({ description: 'Of a webhook or of Slack. Never shown again as a whole: who knows it may post.' })

const secret = z
  .string()
  .min(16)
  .max(256)
  .regex(/^[\x21-\x7e]+$/, 'has to be of printable ASCII without spaces')
  .meta({ description: 'Of a webhook: signs what it gets. Made by the gateway and shown once when it is left out.' })

const to = z
  .array(z.email('has to be an e-mail address').max(254))
  .min(1)
  .max(20)
  .meta({ description: 'Of an e-mail channel.' })

/** Which members belong to a channel of which kind. */
const MEMBERS = { webhook: ['url', 'secret'], slack: ['url'], email: ['to'] } as const

export const ChannelCreate = strict({
  name,
  kind: z.enum(CHANNEL_KINDS),
  events: events.default(['*']),
  workspace_id: idOrSlug
    .optional()
    .meta({ description: 'Whose channel it is. Administrators may leave it out: a channel of the organisation.' }),
  url: url.optional(),
  secret: secret.optional(),
  to: to.optional(),
  enabled: flag.default(true),
}).superRefine((channel, context) => {
  const taken: readonly string[] = MEMBERS[channel.kind]
  for (const member of ['url', 'secret', 'to'] as const) {
    if (channel[member] !== undefined && !taken.includes(member)) {
      context.addIssue({ code: 'custom', path: [member], message: `is not for a channel of kind ${channel.kind}` })
    }
    if (channel[member] === undefined && taken.includes(member) && member !== 'secret') {
      context.addIssue({ code: 'custom', path: [member], message: `is required for a channel of kind ${channel.kind}` })
    }
  }
})

export const ChannelUpdate = strict({
  name: name.optional(),
  events: events.optional(),
  url: url.optional(),
  secret: secret.optional(),
  to: to.optional(),
  enabled: flag.optional(),
})

export const ChannelQuery = strict({ ...page, workspace_id: idOrSlug.optional() })

export const Channel = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(CHANNEL_KINDS),
  events: z.array(z.string()),
  /** Null for a channel of the organisation. */
  workspace_id: z.string().nullable(),
  /** Scheme, host and port: the rest of the address is a secret. */
  url: z.string().nullable(),
  to: z.array(z.string()).nullable(),
  enabled: z.boolean(),
  ...stamps,
  object: z.literal('alert-channel'),
})

export const ChannelCreated = z.object({
  id: z.string(),
  /** What a webhook is signed with; shown this once. Null where nothing is signed, and for one that the caller has chosen. */
  secret: z.string().nullable(),
  object: z.literal('alert-channel'),
})

export const ChannelReference = z.object({ id: z.string(), object: z.literal('alert-channel') })

export const ChannelList = list(Channel)

/** What the receiver said to a test. */
export const ChannelTested = z.object({
  delivered: z.boolean(),
  /** HTTP status; null for e-mail, and without an answer. */
  status: z.number().int().nullable(),
  /** The first 500 bytes of the answer. Null for a host at a private address, unless an administrator asks. */
  said: z.string().nullable(),
  error: z.string().nullable(),
})

export const AlertQuery = strict({
  ...page,
  workspace_id: idOrSlug.optional(),
  channel_id: z.string().max(64).optional(),
  event: z.enum(ALERT_KINDS).optional(),
  state: z.enum(['waiting', 'delivered', 'failed']).optional(),
})

export const AlertDelivery = z.object({
  id: z.string(),
  event: z.string(),
  severity: z.string(),
  title: z.string(),
  text: z.string(),
  data: z.record(z.string(), z.unknown()),
  workspace_id: z.string().nullable(),
  /** Null for what went to an address of a key. */
  channel_id: z.string().nullable(),
  channel_name: z.string().nullable(),
  channel_kind: z.string().nullable(),
  address: z.string().nullable(),
  /** `failed`: given up. */
  state: z.enum(['waiting', 'delivered', 'failed']),
  attempts: z.number().int(),
  last_error: z.string().nullable(),
  created_at: z.string(),
  next_attempt_at: z.string().nullable(),
  delivered_at: z.string().nullable(),
  object: z.literal('alert'),
})

export const AlertList = list(AlertDelivery)
