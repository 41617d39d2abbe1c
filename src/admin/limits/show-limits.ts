import type { z } from 'zod'
import { writeDollars } from '../../contract/amounts.ts'
import { PERIODS, WINDOWS, type ShownRateLimit, type UsageLimit } from '../../contract/limits.ts'
import type { BucketState } from '../../limits/budgets.ts'
import type { BudgetUnit, LimitLevel } from '../../limits/limit.ts'
import type { Database } from '../../store/database.ts'
import { listLimits, type BudgetTerms, type RateTerms, type StoredLimit } from '../../store/limits.ts'
import type { LimitStates } from '../parts.ts'
import { showMoment } from '../show-moment.ts'

type ShownBudget = z.output<typeof UsageLimit>
type ShownRate = z.output<typeof ShownRateLimit>

/** The limits of one subject, with how they stand. */
export interface ShownLimits {
  readonly usage_limits: ShownBudget[]
  readonly rate_limits: ShownRate[]
  /** A hard budget is spent, so nothing more is served until it begins anew. */
  readonly isExhausted: boolean
}

/** Reads the limits of some subjects of one level, to be shown one by one. */
export async function readLimits(
  db: Database,
  level: LimitLevel,
  subjectIds: readonly string[],
  states: LimitStates,
): Promise<(subjectId: string) => ShownLimits> {
  const found = Map.groupBy(await listLimits(db, level, subjectIds), ({ subjectId }) => subjectId)
  return (subjectId) => showLimits(found.get(subjectId) ?? [], states)
}

/** As Portkey's clients expect it of keys and providers: one budget is an object, and none is null. */
export function showSingle({ usage_limits: budgets, rate_limits: rates }: ShownLimits) {
  return { usage_limits: budgets.length > 1 ? budgets : (budgets[0] ?? null), rate_limits: rates }
}

/** And of everything else. */
export function showListed({ usage_limits, rate_limits }: ShownLimits) {
  return { usage_limits, rate_limits }
}

function showLimits(limits: readonly StoredLimit[], states: LimitStates): ShownLimits {
  const budgets: ShownBudget[] = []
  const rates: ShownRate[] = []
  let isExhausted = false
  for (const { id, terms } of limits.toSorted((a, b) => lengthOf(a) - lengthOf(b))) {
    if (terms.kind === 'rate') rates.push({ id, ...showRateTerms(terms) })
    else {
      const shown = { id, ...showBudgetTerms(terms), ...showState(terms, states.state(id)) }
      isExhausted ||= terms.hard && shown.status === 'exhausted'
      budgets.push(shown)
    }
  }
  return { usage_limits: budgets, rate_limits: rates, isExhausted }
}

export function showBudgetTerms({ unit, amount, reset, hard, mode, alertAt }: BudgetTerms) {
  const thresholds = alertAt.map((at) => showAmount(unit, at))
  const [period = null] = (['daily', 'weekly', 'monthly'] as const).filter((name) => PERIODS[name] === reset.every)
  return {
    type: unit,
    credit_limit: showAmount(unit, amount),
    // Portkey knows one threshold; the last one is nearest to what it means.
    alert_threshold: thresholds.at(-1) ?? null,
    alert_thresholds: thresholds,
    periodic_reset: period,
    periodic_reset_days: reset.every === 'days' ? reset.days : null,
    enforcement: hard ? ('hard' as const) : ('soft' as const),
    mode,
  }
}

/** How a bucket stands; one that nobody used stands at nothing. */
export function showState({ unit, amount }: Pick<BudgetTerms, 'unit' | 'amount'>, state: BucketState | undefined) {
  const { spent = 0n, held = 0n, resetsAt } = state ?? {}
  const left = amount - spent - held
  return {
    current_usage: showAmount(unit, spent),
    held: showAmount(unit, held),
    remaining: showAmount(unit, left > 0n ? left : 0n),
    next_usage_reset_at: showMoment(resetsAt ?? null),
    status: spent >= amount ? ('exhausted' as const) : ('active' as const),
  }
}

export function showRateTerms({ unit, value, windowMs }: RateTerms) {
  const [window = null] = (['rps', 'rpm', 'rph', 'rpd', 'rpw'] as const).filter((name) => WINDOWS[name] === windowMs)
  return { type: unit, unit: window, value }
}

export function showAmount(unit: BudgetUnit, amount: bigint): number | string {
  return unit === 'cost' ? writeDollars(amount) : Number(amount)
}

const DAY_MS = 86_400_000

/** Of the period or window, in milliseconds; the shortest is shown first. */
function lengthOf({ terms }: StoredLimit): number {
  if (terms.kind === 'rate') return terms.windowMs
  const { reset } = terms
  return DAYS[reset.every] * DAY_MS * (reset.every === 'days' ? reset.days : 1)
}

const DAYS = { day: 1, days: 1, week: 7, month: 31, never: 1_000 }
