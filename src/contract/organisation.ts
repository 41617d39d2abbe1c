import { z } from 'zod'
import { name, strict, words } from './fields.ts'
import { OrganisationRecords, ShownOrganisationRecords } from './records.ts'
import { limitMembers, listedLimits, resetUsage } from './limits.ts'

/* What holds for everybody: the settings of the organisation, and the limits above all others. */

const SESSION_HOURS_MAX = 720

/** The name of a zone as everybody writes it, or undefined. Offsets such as `+01:00` know no summer, so they are no zones here. */
function canonicalZone(written: string): string | undefined {
  if (!/^[a-z]/i.test(written)) return undefined
  try {
    return new Intl.DateTimeFormat('en', { timeZone: written }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

const timeZone = z
  .string()
  .max(64)
  .transform((written, context) => {
    const zone = canonicalZone(written)
    if (zone === undefined)
      context.addIssue({ code: 'custom', message: 'has to be an IANA name such as Europe/Berlin' })
    return zone ?? z.NEVER
  })

export const OrganisationUpdate = strict({
  name: name.optional(),
  time_zone: timeZone
    .nullable()
    .optional()
    .meta({ description: 'Where its days, weeks and months begin; UTC when null.' }),
  contact: words
    .min(1)
    .max(300)
    .nullable()
    .optional()
    .meta({ description: 'Whom developers ask, told with every refusal of a budget: a channel, an address, a page.' }),
  session_hours: z
    .int({ error: `has to be a whole number from 1 to ${SESSION_HOURS_MAX}` })
    .min(1)
    .max(SESSION_HOURS_MAX)
    .nullable()
    .optional()
    .meta({ description: 'Hours after which somebody who signed in has to do it again.' }),
  end_running_streams: z
    .boolean()
    .optional()
    .meta({ description: 'Whether answers that are under way end when their key is revoked.' }),
  records: OrganisationRecords.nullable()
    .optional()
    .meta({ description: 'What is kept of requests. Replaces what was there; null is the default.' }),
  ...limitMembers,
  reset_usage: resetUsage,
})

export const Organisation = z.object({
  id: z.string(),
  name: z.string(),
  time_zone: z.string(),
  contact: z.string().nullable(),
  session_hours: z.number().int().nullable(),
  end_running_streams: z.boolean(),
  records: ShownOrganisationRecords,
  ...listedLimits,
  status: z.enum(['active', 'exhausted']),
  created_at: z.string(),
  object: z.literal('organisation'),
})
