import { formatDollars } from '../core/money.ts'
import { ALL_OTHERS, groupIn } from '../limits/bucket.ts'
import type { Bucket, Budget, BudgetUnit } from '../limits/limit.ts'
import type { BucketState } from '../limits/budgets.ts'
import type { ThresholdEvent } from '../limits/thresholds.ts'
import type { AlertSubject } from '../store/alert-subjects.ts'
import { sayMoment, type Alert, type Fact } from './alert.ts'

/** Told once for each amount, bucket and period; an amount that was changed is another one. */
export function budgetReached(
  { budget, bucket, state, threshold, refused }: ThresholdEvent,
  of: AlertSubject,
  now: number,
): Alert {
  const { unit, amount } = budget
  const name = nameOf(of, bucket)
  const isAll = threshold >= amount
  const used = `${capital(name)} has used ${say(unit, state.spent)} of ${say(unit, amount)}${periodOf(budget)}${refused ? ', and a request did not fit in what is left' : ''}.`
  const next =
    state.resetsAt === undefined
      ? 'It does not begin anew by itself.'
      : `It begins anew at ${sayMoment(state.resetsAt)}.`
  return {
    kind: isAll ? 'budget.exhausted' : 'budget.threshold',
    identity: `${bucket} ${state.periodStart} ${threshold}`,
    organisationId: of.organisationId,
    workspaceId: of.workspaceId,
    at: now,
    severity: isAll && budget.hard ? 'critical' : 'warning',
    title: `The budget of ${name} ${isAll ? (refused ? 'is too small for a request' : 'is spent') : `is ${percent(threshold, amount)} % spent`}`,
    text: [used, ...(isAll ? [budget.hard ? REFUSED : TOLD_ONLY] : []), next].join(' '),
    data: { ...factsOf(budget, bucket, state, of), threshold: write(unit, threshold) },
    addresses: of.addresses,
  }
}

/** Told once for each bucket, period and amount. */
export function budgetForecast(
  {
    budget,
    bucket,
    state,
    forecast,
  }: Pick<ThresholdEvent, 'budget' | 'bucket' | 'state'> & { readonly forecast: bigint },
  of: AlertSubject,
  now: number,
): Alert {
  const { unit, amount } = budget
  const name = nameOf(of, bucket)
  return {
    kind: 'budget.forecast',
    identity: `${bucket} ${state.periodStart} ${amount}`,
    organisationId: of.organisationId,
    workspaceId: of.workspaceId,
    at: now,
    severity: 'warning',
    title: `The budget of ${name} will be spent too early`,
    text: `${capital(name)} has used ${say(unit, state.spent)} of ${say(unit, amount)}${periodOf(budget)}. At this pace it comes to ${say(unit, forecast)} before it begins anew${state.resetsAt === undefined ? '' : ` at ${sayMoment(state.resetsAt)}`}.`,
    data: { ...factsOf(budget, bucket, state, of), forecast: write(unit, forecast) },
    addresses: of.addresses,
  }
}

const REFUSED = 'Requests that do not fit are refused; an administrator can raise it.'
const TOLD_ONLY = 'It only tells: requests go on.'

function factsOf(budget: Budget, bucket: Bucket, state: BucketState, of: AlertSubject): Record<string, Fact> {
  return {
    budget_id: budget.id,
    level: budget.level,
    subject_id: of.id,
    subject: of.name,
    group: groupOf(bucket) ?? null,
    unit: budget.unit,
    enforcement: budget.hard ? 'hard' : 'soft',
    amount: write(budget.unit, budget.amount),
    spent: write(budget.unit, state.spent),
    period_start: new Date(state.periodStart).toISOString(),
    resets_at: state.resetsAt === undefined ? null : new Date(state.resetsAt).toISOString(),
  }
}

/** With the values that a policy groups by: `policy “each” (mary@example.com)`. */
function nameOf({ name }: AlertSubject, bucket: Bucket): string {
  const group = groupOf(bucket)
  return group === undefined ? name : `${name} (${group.map((value) => value ?? 'without').join(', ')})`
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

function groupOf(bucket: Bucket): readonly (string | null)[] | undefined {
  const group = groupIn(bucket)
  if (group === undefined) return undefined
  // Names of buckets are written by limits/rulebook.ts.
  return group === ALL_OTHERS ? ['all others'] : (JSON.parse(group) as (string | null)[])
}

function periodOf({ reset }: Budget): string {
  switch (reset.every) {
    case 'day':
      return ' for the day'
    case 'week':
      return ' for the week'
    case 'month':
      return ' for the month'
    case 'days':
      return ` for ${reset.days} days`
    case 'never':
      return ''
  }
}

/** For a sentence. */
function say(unit: BudgetUnit, amount: bigint): string {
  if (unit === 'cost') return `$${roundedDollars(amount)}`
  return `${amount.toLocaleString('en-US')} ${amount === 1n ? unit.slice(0, -1) : unit}`
}

/** To a cent, or exactly what is less than one; figures for machines are exact. */
function roundedDollars(nanos: bigint): string {
  const cent = 10_000_000n
  if (nanos < cent) return formatDollars(nanos)
  const cents = (nanos + cent / 2n) / cent
  return `${(cents / 100n).toLocaleString('en-US')}.${(cents % 100n).toString().padStart(2, '0')}`
}

/** For machines. */
function write(unit: BudgetUnit, amount: bigint): string {
  return unit === 'cost' ? formatDollars(amount) : amount.toString()
}

function percent(part: bigint, whole: bigint): string {
  const tenths = (part * 1000n) / whole
  return tenths % 10n === 0n ? `${tenths / 10n}` : `${tenths / 10n}.${tenths % 10n}`
}
