import { z } from 'zod'
import { readDollars, readWhole } from './amounts.ts'
import { strict } from './fields.ts'

/*
 * Budgets (Portkey's `usage_limits`) and rate limits, as one set of schemas for everything that can be limited. Beyond Portkey there are days,
 * several thresholds, soft and tight budgets, and requests at the same time.
 */

/** Limits of one kind that one subject can have; all apply together. */
const LIMITS_MAX = 12
const THRESHOLDS_MAX = 10
const RATE_MAX = 1_000_000_000
const CONCURRENCY_MAX = 100_000

/** A budget as it was asked for. Amounts in nano-dollars, tokens or requests. */
export interface WantedBudget {
  readonly kind: 'budget'
  readonly unit: 'cost' | 'tokens' | 'requests'
  readonly amount: bigint
  readonly reset:
    | { readonly every: 'day' | 'week' | 'month' }
    | { readonly every: 'days'; readonly days: number }
    | { readonly every: 'never' }
  readonly hard: boolean
  readonly mode: 'strict' | 'tight'
  /** Rising. */
  readonly alertAt: readonly bigint[]
}

export interface WantedRate {
  readonly kind: 'rate'
  readonly unit: 'requests' | 'tokens' | 'concurrency'
  readonly value: number
  /** 0 for concurrency. */
  readonly windowMs: number
}

/** Portkey's names of periods. */
export const PERIODS = { daily: 'day', weekly: 'week', monthly: 'month' } as const

/** Portkey's names of windows, in milliseconds. */
export const WINDOWS = { rps: 1_000, rpm: 60_000, rph: 3_600_000, rpd: 86_400_000, rpw: 604_800_000 } as const

const amount = z.union([z.number(), z.string()], { error: 'has to be a number, or a string of one' })
const told = z.never({ error: 'is told by the gateway and cannot be set; leave it out' }).optional()

/** What can be said of a budget; policies have the same members, at their top. */
export const budgetMembers = {
  type: z.enum(['cost', 'tokens', 'requests'], { error: 'has to be cost, tokens or requests' }).default('cost'),
  credit_limit: amount.meta({
    description:
      'Dollars (nine decimal places at most; a string where a number would not be exact), tokens or requests.',
  }),
  alert_threshold: amount
    .nullable()
    .optional()
    .meta({ description: 'An amount below credit_limit at which somebody is told.' }),
  alert_thresholds: z.array(amount).max(THRESHOLDS_MAX).nullable().optional().meta({ description: 'Several of them.' }),
  periodic_reset: z
    .enum(['daily', 'weekly', 'monthly'], { error: 'has to be daily, weekly, monthly or null' })
    .nullable()
    .optional()
    .meta({ description: 'At midnight, on Monday, on the 1st, in the time zone of the organisation.' }),
  periodic_reset_days: z
    .int({ error: 'has to be a whole number of days from 1 to 365' })
    .min(1)
    .max(365)
    .nullable()
    .optional()
    .meta({ description: 'Every so many days; in the place of periodic_reset.' }),
  enforcement: z
    .enum(['hard', 'soft'], { error: 'has to be hard or soft' })
    .default('hard')
    .meta({ description: 'A soft budget tells, and refuses nobody.' }),
  mode: z
    .enum(['strict', 'tight'], { error: 'has to be strict or tight' })
    .default('strict')
    .meta({ description: 'strict holds the most a call may use, tight what it is expected to use.' }),
}

/** And of a rate limit. */
export const rateMembers = {
  type: z.enum(['requests', 'tokens', 'concurrency'], { error: 'has to be requests, tokens or concurrency' }),
  unit: z
    .enum(['rps', 'rpm', 'rph', 'rpd', 'rpw'], { error: 'has to be rps, rpm, rph, rpd or rpw' })
    .nullable()
    .optional()
    .meta({ description: 'Per second, minute, hour, day or week; requests at the same time have none.' }),
  value: z
    .int({ error: `has to be a whole number from 1 to ${RATE_MAX}` })
    .min(1)
    .max(RATE_MAX),
}

type BudgetInput = z.input<ReturnType<typeof z.strictObject<typeof budgetMembers>>>
type RateInput = z.input<ReturnType<typeof z.strictObject<typeof rateMembers>>>
type Problem = { readonly path: readonly (string | number)[]; readonly message: string }

const budget = strict({
  ...budgetMembers,
  id: told,
  current_usage: told,
  held: told,
  remaining: told,
  next_usage_reset_at: told,
  status: told,
})
  .superRefine(...each(budgetProblems))
  .transform(toBudget)

const rate = strict({ ...rateMembers, id: told })
  .superRefine(...each(rateProblems))
  .transform(toRate)

/** One or several; on an update what is left out stays, null clears, and anything else replaces. */
export const limitMembers = {
  usage_limits: severalOf(budget, budgetTwin).meta({
    description: `A budget, or up to ${LIMITS_MAX} of them. Null clears; a budget with the type and period of one that is there keeps what it has counted.`,
  }),
  rate_limits: severalOf(rate, rateTwin).meta({ description: `A rate limit, or up to ${LIMITS_MAX} of them.` }),
}

/** For updates. */
export const resetUsage = z
  .boolean()
  .optional()
  .meta({ description: 'Budgets begin anew now; what was used before does not count any more.' })

/** What limits look like in answers. */
export const UsageLimit = z.object({
  id: z.string(),
  type: z.enum(['cost', 'tokens', 'requests']),
  credit_limit: amount,
  alert_threshold: amount.nullable(),
  alert_thresholds: z.array(amount),
  periodic_reset: z.enum(['daily', 'weekly', 'monthly']).nullable(),
  periodic_reset_days: z.number().int().nullable(),
  enforcement: z.enum(['hard', 'soft']),
  mode: z.enum(['strict', 'tight']),
  current_usage: amount,
  held: amount.meta({ description: 'Set aside for calls that are running.' }),
  remaining: amount,
  next_usage_reset_at: z.string().nullable(),
  status: z.enum(['active', 'exhausted']),
})

export const ShownRateLimit = z.object({
  id: z.string(),
  type: z.enum(['requests', 'tokens', 'concurrency']),
  unit: z.enum(['rps', 'rpm', 'rph', 'rpd', 'rpw']).nullable(),
  value: z.number().int(),
})

/** Of keys and providers, as Portkey's clients expect them: an object while there is one budget. */
export const singleLimits = {
  usage_limits: z.union([UsageLimit, z.array(UsageLimit)]).nullable(),
  rate_limits: z.array(ShownRateLimit),
}

/** Of everything else. */
export const listedLimits = { usage_limits: z.array(UsageLimit), rate_limits: z.array(ShownRateLimit) }

/** Every problem of a budget, wherever it stands; `from` is the input as it came. */
export function budgetProblems(from: Partial<BudgetInput>): readonly Problem[] {
  const { type = 'cost', credit_limit: limit, alert_threshold: one, alert_thresholds: several } = from
  const problems: Problem[] = []
  const total = limit === undefined ? undefined : read(limit, ['credit_limit'])
  const thresholds = [
    ...(one === undefined || one === null ? [] : [{ value: one, path: ['alert_threshold'] }]),
    ...(Array.isArray(several) ? several : []).map((value, index) => ({ value, path: ['alert_thresholds', index] })),
  ]
  for (const { value, path } of thresholds) {
    const at = read(value, path)
    if (at === 0n) problems.push({ path, message: 'has to be more than 0' })
    if (at !== undefined && total !== undefined && at >= total && at > 0n) {
      problems.push({ path, message: 'has to be below credit_limit' })
    }
  }
  if (isSet(from.periodic_reset) && isSet(from.periodic_reset_days)) {
    problems.push({ path: ['periodic_reset_days'], message: 'cannot stand beside periodic_reset; choose one' })
  }
  return problems

  function read(value: unknown, path: readonly (string | number)[]): bigint | undefined {
    if (typeof value !== 'number' && typeof value !== 'string') return undefined
    try {
      return readAmount(type, value)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      problems.push({ path, message: error.message })
      return undefined
    }
  }
}

export function toBudget(from: {
  readonly type: WantedBudget['unit']
  readonly credit_limit: number | string
  readonly alert_threshold?: number | string | null | undefined
  readonly alert_thresholds?: readonly (number | string)[] | null | undefined
  readonly periodic_reset?: keyof typeof PERIODS | null | undefined
  readonly periodic_reset_days?: number | null | undefined
  readonly enforcement: 'hard' | 'soft'
  readonly mode: 'strict' | 'tight'
}): WantedBudget {
  const { type, periodic_reset: period, periodic_reset_days: days } = from
  const thresholds = [from.alert_threshold ?? [], from.alert_thresholds ?? []].flat()
  const alertAt = new Set(thresholds.map((value) => readAmount(type, value)))
  return {
    kind: 'budget',
    unit: type,
    amount: readAmount(type, from.credit_limit),
    reset: isSet(period) ? { every: PERIODS[period] } : isSet(days) ? { every: 'days', days } : { every: 'never' },
    hard: from.enforcement === 'hard',
    mode: from.mode,
    alertAt: [...alertAt].toSorted((a, b) => (a < b ? -1 : 1)),
  }
}

function readAmount(type: WantedBudget['unit'], value: number | string): bigint {
  return type === 'cost' ? readDollars(value) : readWhole(value)
}

export function rateProblems({ type, unit, value }: Partial<RateInput>): readonly Problem[] {
  if (type === 'concurrency') {
    return [
      ...(isSet(unit) ? [{ path: ['unit'], message: 'requests at the same time have no unit; leave it out' }] : []),
      ...(value !== undefined && value > CONCURRENCY_MAX
        ? [{ path: ['value'], message: `may be ${CONCURRENCY_MAX} at most` }]
        : []),
    ]
  }
  return isSet(unit) ? [] : [{ path: ['unit'], message: 'is required: rps, rpm, rph, rpd or rpw' }]
}

export function toRate({
  type,
  unit,
  value,
}: z.output<ReturnType<typeof z.strictObject<typeof rateMembers>>>): WantedRate {
  return { kind: 'rate', unit: type, value, windowMs: isSet(unit) ? WINDOWS[unit] : 0 }
}

/** Two budgets of one subject with the same name would be one and the same. */
export function budgetTwin({ unit, reset }: Pick<WantedBudget, 'unit' | 'reset'>): string {
  return `${unit} ${reset.every === 'days' ? `${reset.days} days` : reset.every}`
}

export function rateTwin({ unit, windowMs }: Pick<WantedRate, 'unit' | 'windowMs'>): string {
  return `${unit} ${windowMs}`
}

function severalOf<Out extends object>(item: z.ZodType<Out>, twinName: (wanted: Out) => string) {
  const refuseTwins = (wanted: readonly Out[], context: z.core.$RefinementCtx) => {
    const names = wanted.map(twinName)
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue
      context.addIssue({ code: 'custom', path: [index], message: 'is there twice: same type and period' })
    }
  }
  const many = z
    .array(item)
    .max(LIMITS_MAX, `may hold ${LIMITS_MAX} at most`)
    .superRefine(refuseTwins, { when: ({ issues }) => issues.length === 0 })
  return z
    .union([many, item.transform((one): readonly Out[] => [one])], {
      error: 'has to be a JSON object, an array of them, or null',
    })
    .nullable()
    .optional()
}

/** Checks also where other members are wrong, so that all problems are told at once. */
function each<Input>(problems: (from: Partial<Input>) => readonly Problem[]) {
  return [
    (from: object, context: z.core.$RefinementCtx) => {
      for (const { path, message } of problems(from)) context.addIssue({ code: 'custom', path: [...path], message })
    },
    { when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null },
  ] as const
}

function isSet<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined
}
