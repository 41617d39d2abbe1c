import { z } from 'zod'
import { BUILT_IN_RULES } from '../core/masking/built-in.ts'
import { compilePattern, isBuiltIn, PATTERN_SIZES_MAX } from '../core/masking/compile.ts'
import { nearestName } from '../core/spelling.ts'
import { CONTENT_DAYS } from '../core/record-rules.ts'
import { idOrSlug, name, strict } from './fields.ts'

/* What is kept of requests and answers, for how long, and what is masked: by the organisation, a workspace or a key. */

/** Organisation, workspace and key share what patterns may cost. */
const LEVELS = 3

/** A built-in rule by its name, or a pattern under a name of one's own. */
const maskingRule = strict({
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'has to be 1 to 64 of a–z, 0–9, - and _, and begin with a letter'),
  pattern: z.string().optional().meta({ description: 'RE2; without, the name is that of a built-in rule.' }),
}).superRefine((rule, context) => {
  const problem = problemOf(rule)
  if (problem !== undefined) context.addIssue({ code: 'custom', ...problem })
})

interface WrittenRule {
  readonly name: string
  readonly pattern?: string | undefined
}

function problemOf({ name: rule, pattern }: WrittenRule): { path: string[]; message: string } | undefined {
  if (pattern === undefined) {
    if (isBuiltIn(rule)) return undefined
    const meant = nearestName(rule, Object.keys(BUILT_IN_RULES))
    const hint = meant === undefined ? `known are ${Object.keys(BUILT_IN_RULES).join(', ')}` : `did you mean ${meant}?`
    return { path: ['name'], message: `is no built-in rule, and there is no pattern; ${hint}` }
  }
  if (isBuiltIn(rule)) return { path: ['name'], message: 'is the name of a built-in rule; choose another one' }
  const compiled = compilePattern(pattern)
  return typeof compiled === 'string' ? { path: ['pattern'], message: compiled } : undefined
}

const masking = z
  .array(maskingRule)
  .max(50)
  .superRefine((rules, context) => {
    const names = rules.map((rule) => rule.name)
    for (const [index, rule] of names.entries()) {
      if (names.indexOf(rule) !== index) {
        context.addIssue({ code: 'custom', path: [index, 'name'], message: 'stands in the list before' })
      }
    }
    const sizes = rules.map(({ pattern = '' }) => {
      const compiled = compilePattern(pattern)
      return typeof compiled === 'string' ? 0 : compiled.size
    })
    const size = sizes.reduce((sum, each) => sum + each, 0)
    if (size > PATTERN_SIZES_MAX / LEVELS) {
      const most = PATTERN_SIZES_MAX / LEVELS
      context.addIssue({ code: 'custom', message: `the patterns together cost ${size}, and may cost ${most}` })
    }
  })

const settings = {
  content: z
    .enum(['full', 'masked', 'metadata'])
    .nullable()
    .optional()
    .meta({ description: 'What is kept of bodies: all, all with secrets masked, or nothing.' }),
  content_days: z
    .literal([...CONTENT_DAYS], { error: `has to be ${CONTENT_DAYS.join(', ')}` })
    .nullable()
    .optional()
    .meta({ description: 'For how many days.' }),
  masking: masking.nullable().optional().meta({ description: 'Masked beside the secrets that always are.' }),
  searchable: z
    .boolean()
    .nullable()
    .optional()
    .meta({ description: 'Whether the words of content go into an index, which is not encrypted.' }),
}

/** As it is written: it replaces what was there, and what it leaves out is left to the level above. */
export const RecordSettings = strict(settings)

export const recordsMember = RecordSettings.nullable()
  .optional()
  .meta({ description: 'Replaces what was there; null leaves everything to the level above.' })

const ROW_DAYS_MAX = 3_650

export const OrganisationRecords = strict({
  ...settings,
  row_days: z
    .int({ error: `has to be a whole number of days from 1 to ${ROW_DAYS_MAX}` })
    .min(1)
    .max(ROW_DAYS_MAX)
    .nullable()
    .optional()
    .meta({ description: 'For how long the rows of requests are kept; for ever when null. Sums stay.' }),
})

const shownRule = z.object({ name: z.string(), pattern: z.string().optional() })

/** As it is shown: only what the level says itself. */
export const ShownRecords = z.object({
  content: z.enum(['full', 'masked', 'metadata']).optional(),
  content_days: z.number().int().optional(),
  masking: z.array(shownRule).optional(),
  searchable: z.boolean().optional(),
})

export const ShownOrganisationRecords = ShownRecords.extend({ row_days: z.number().int().optional() })

const level = z.enum(['default', 'organisation', 'workspace', 'key'])

/** What holds for content, all levels taken together, and which level it comes from. */
export const RulesInForce = z.object({
  content: z.object({ value: z.enum(['full', 'masked', 'metadata']), from: level }),
  content_days: z.object({ value: z.number().int(), from: level }),
  searchable: z.object({ value: z.boolean(), from: level }),
  masking: z.array(shownRule.extend({ from: level })),
})

export const RecordRulesQuery = strict({
  workspace_id: idOrSlug.optional(),
  key: z.string().min(1).max(255).optional().meta({ description: 'Id of a key.' }),
})

export const RecordRules = z.object({
  object: z.literal('record-rules'),
  in_force: RulesInForce,
  row_days: z.number().int().nullable(),
  built_in: z
    .array(
      z.object({
        name: z.string(),
        description: z.string(),
        always: z
          .boolean()
          .meta({ description: 'Masked wherever content is masked; the others where they are named.' }),
      }),
    )
    .meta({ description: 'Rules that masking can name.' }),
})

export const MaskingTest = strict({
  masking: masking.default([]),
  text: z.string().max(65_536).meta({ description: 'What it is tried on; nothing of it is kept.' }),
})

export const MaskingTestResult = z.object({
  object: z.literal('masking-test'),
  masked: z.string(),
  found: z.array(
    z.object({
      rule: z.string(),
      offset: z.number().int().meta({ description: 'In UTF-16 units.' }),
      length: z.number().int(),
    }),
  ),
})

const subject = z.enum(['session', 'user', 'workspace'])

export const HoldCreate = strict({
  subject: subject.meta({ description: 'Whose content is held.' }),
  id: z.string().min(1).max(320).meta({ description: 'ses_…, id or address of a person, id or slug of a workspace.' }),
  reason: name.meta({ description: 'Why; whoever wants to delete is told it.' }),
})

export const Hold = z.object({
  id: z.string(),
  object: z.literal('legal-hold'),
  subject,
  subject_id: z.string(),
  reason: z.string(),
  created_by: z.string().nullable().meta({ description: 'Id of the person or key.' }),
  created_at: z.string(),
})

export const HoldList = z.object({ object: z.literal('list'), total: z.number().int(), data: z.array(Hold) })

export const ContentDeleted = z.object({
  object: z.literal('content-deleted'),
  scopes: z
    .number()
    .int()
    .meta({ description: 'Sessions, and keys with requests outside of any, whose content is gone.' }),
})
