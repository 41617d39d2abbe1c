import { GatewayError, type PortkeyWords } from '../../core/errors.ts'
import { formatDollars } from '../../core/money.ts'
import type { BucketState, Shortage } from '../../limits/budgets.ts'
import type { Budget, LimitLevel, Purse, Reset } from '../../limits/limit.ts'
import { capitalised, isOfTarget, type RefusalContext, whomToAsk } from './refusal-words.ts'
import { rejection } from './spend-notices.ts'
import { tellMoment } from './tell-moment.ts'

export interface BudgetRefusalContext extends RefusalContext {
  /** The client reads spend notices: Claude Code in gateway mode. */
  readonly readsNotices: boolean
  /** An even draw from 0 up to 1. */
  readonly random: () => number
}

/** What a request is told that a budget stops: whose budget it is, what was spent of it, when it begins anew and whom to ask. */
export function budgetRefusal({ purse, state, reason }: Shortage, context: BudgetRefusalContext): GatewayError {
  return reason === 'spent' ? spent(purse, state, context) : held(purse, state, context)
}

function spent({ budget, bucket }: Purse, state: BucketState, context: BudgetRefusalContext): GatewayError {
  const { caller, organisation, now } = context
  const left = budget.amount - state.spent
  const rest =
    left <= 0n
      ? ''
      : `, and this request may need more than the ${tellAmount(budget, left)} that ${isMany(budget, left) ? 'are' : 'is'} left`
  const anew =
    state.resetsAt === undefined ? '' : ` It begins anew ${tellMoment(state.resetsAt, now, organisation.timeZone)}.`
  const ask = ` Ask ${whomToAsk(organisation)} if you need more${anew === '' ? '' : ' before'}.`
  const message =
    budget.amount === 0n ? tellNothing(budget, context) : `${tellSpent(budget, state)}${rest}.${anew}${ask}`
  const code = isOfTarget(budget) ? 'budget.provider_spent' : 'budget.spent'
  const details = { detail: `limit ${budget.id}, bucket ${bucket}` }
  if (caller.errorFormat === 'portkey')
    return new GatewayError(code, message, { ...details, portkey: wordsFor(budget) })
  if (!context.readsNotices) return new GatewayError(code, message, details)
  const retryAfterSeconds = state.resetsAt === undefined ? undefined : Math.ceil((state.resetsAt - now) / 1_000)
  return new GatewayError(code, message, {
    ...details,
    final: true,
    spendNotice: rejection(budget, state),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })
}

/** Long enough for a running answer to end, and different for each, so that those who wait do not come back all at once. */
const PAUSE_SECONDS = { least: 2, most: 10 }

function held({ budget, bucket }: Purse, state: BucketState, { random }: BudgetRefusalContext): GatewayError {
  const span = PAUSE_SECONDS.most - PAUSE_SECONDS.least + 1
  return new GatewayError(
    isOfTarget(budget) ? 'budget.provider_held' : 'budget.held',
    `${tellSpent(budget, state)}, and running requests hold ${tellAmount(budget, state.held)} of the rest until they end. Try again in a moment.`,
    {
      detail: `limit ${budget.id}, bucket ${bucket}`,
      retryAfterSeconds: PAUSE_SECONDS.least + Math.floor(random() * span),
    },
  )
}

/** `Key “ci” has used $49.20 of $50 this week`. */
function tellSpent(budget: Budget, { spent: used }: BucketState): string {
  return `${tellOwner(budget)} used ${tellNumber(budget, used)} of ${tellAmount(budget, budget.amount)}${tellPeriod(budget.reset)}`
}

/** A budget of nothing is no amount that somebody has used up, but a way to say no. */
function tellNothing(budget: Budget, { organisation }: BudgetRefusalContext): string {
  const ask = `Ask ${whomToAsk(organisation)} if you need this.`
  return `${tellOwner(budget)} a budget of ${tellAmount(budget, 0n)}, so this request is not allowed. ${ask}`
}

function tellOwner({ of }: Budget): string {
  return of === 'you' ? 'You have' : `${capitalised(of)} has`
}

function tellAmount(budget: Budget, amount: bigint): string {
  if (budget.unit === 'cost') return tellNumber(budget, amount)
  return `${tellNumber(budget, amount)} ${isMany(budget, amount) ? budget.unit : budget.unit.slice(0, -1)}`
}

function isMany({ unit }: Budget, amount: bigint): boolean {
  return unit !== 'cost' && amount !== 1n
}

/** Dollars to the cent, rounded so that no spent cent is hidden; less than a cent as exactly as it is. */
function tellNumber({ unit }: Budget, amount: bigint): string {
  if (unit !== 'cost') return amount.toLocaleString('en-US')
  const isFine = amount < NANOS_PER_CENT * 10n
  return `$${isFine ? formatDollars(amount) : (Number(amount / NANOS_PER_CENT) / 100).toFixed(2).replace(/\.00$/, '')}`
}

const NANOS_PER_CENT = 10_000_000n

function tellPeriod(reset: Reset): string {
  switch (reset.every) {
    case 'day':
      return ' today'
    case 'week':
      return ' this week'
    case 'month':
      return ' this month'
    case 'days':
      return reset.days === 1 ? ' today' : ` in these ${reset.days} days`
    case 'never':
      return ''
  }
}

/** Portkey answers 412 to whoever has used up a budget; what an organisation or a person may use it counts among the keys. */
function wordsFor({ level }: Budget): PortkeyWords {
  return { status: 412, type: PORTKEY_TYPES[level], code: level === 'policy' ? '06' : '04' }
}

const PORTKEY_TYPES: Readonly<Record<LimitLevel, string>> = {
  organisation: 'api_key_exhaust_error',
  workspace: 'workspace_exhaust_error',
  user: 'api_key_exhaust_error',
  key: 'api_key_exhaust_error',
  provider: 'virtual_key_exhaust_error',
  integration: 'integration_exhaust_error',
  policy: 'usage_limits_policy_exhaust_error',
}
