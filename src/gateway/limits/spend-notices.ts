import type { HeaderLines } from '../../core/headers.ts'
import type { BucketState, Budgets } from '../../limits/budgets.ts'
import type { Budget, Purse, Reset } from '../../limits/limit.ts'
import type { CallBody } from '../../providers/adapter.ts'

/*
 * What Claude Code in gateway mode (a gateway sign-in, or CLAUDE_CODE_USE_GATEWAY) shows of budgets: from 75 % on a line under the prompt, and at
 * the end the refusal's own sentence. Names, values and what is left out measured with 2.1.330; on a plain base URL it does not look at them.
 */

const PREFIX = 'anthropic-ratelimit-unified-'

/** Shares past which the client warns. */
const WARNINGS = [0.95, 0.75]

/** The line in front of the system prompt in which the client says how it was set up stands within this many bytes. */
const ATTRIBUTION_BYTES = 512

/** Whether the client reads spend notices: in gateway mode, and only then, its attribution line has `cc_gateway=`. */
export function readsSpendNotices({ bytes, members }: CallBody): boolean {
  const system = members.find('system')
  if (system === undefined) return false
  const end = Math.min(system.valueEnd, system.valueStart + ATTRIBUTION_BYTES)
  return bytes.subarray(system.valueStart, end).includes('cc_gateway=')
}

/** The headers of an answer: how full the fullest budget of dollars was before this call. None without such a budget. */
export function spendHeaders(purses: readonly Purse[], budgets: Pick<Budgets, 'state'>): HeaderLines {
  const fullest = fullestOf(purses, budgets)
  if (fullest === undefined) return []
  const { state, share } = fullest
  const passed = WARNINGS.find((warning) => share >= warning)
  const status = passed === undefined ? 'allowed' : 'allowed_warning'
  return lines([
    ['status', status],
    ['representative-claim', 'overage'],
    ['overage-status', status],
    ['overage-utilization', share.toFixed(2)],
    ['overage-surpassed-threshold', passed?.toString()],
    ...resets(state),
  ])
}

/** The headers of a refusal. With `representative-claim` or `overage-status` the client would put words of its own in the place of ours. */
export function rejection(budget: Budget, state: BucketState): HeaderLines {
  return lines([
    ['status', 'rejected'],
    ...resets(state),
    ['overage-utilization', shareOf(budget, state).toFixed(2).replace(/\.00$/, '')],
    ['overage-surpassed-threshold', '1'],
    ['overage-period', periodName(budget.reset)],
    ['overage-disabled-reason', 'org_spend_cap_reached'],
    ['overage-scope', budget.level === 'key' || budget.level === 'user' ? undefined : 'group_pool'],
  ])
}

/** One of the vendor's three names for a period; others have none. */
export function periodName({ every }: Reset): 'daily' | 'weekly' | 'monthly' | undefined {
  switch (every) {
    case 'day':
      return 'daily'
    case 'week':
      return 'weekly'
    case 'month':
      return 'monthly'
    case 'days':
    case 'never':
      return undefined
  }
}

/** From 0 on; more than 1 when more was spent than there is now. A budget of nothing is full. */
export function shareOf({ amount }: Budget, { spent }: BucketState): number {
  return amount <= 0n ? 1 : Number((spent * 10_000n) / amount) / 10_000
}

function fullestOf(
  purses: readonly Purse[],
  budgets: Pick<Budgets, 'state'>,
): { readonly state: BucketState; readonly share: number } | undefined {
  let fullest: { state: BucketState; share: number } | undefined
  for (const { budget, bucket } of purses) {
    if (budget.unit !== 'cost' || !budget.hard) continue
    const state = budgets.state(budget, bucket)
    const share = shareOf(budget, state)
    if (fullest === undefined || share > fullest.share) fullest = { state, share }
  }
  return fullest
}

function resets({ resetsAt }: BucketState): readonly [string, string | undefined][] {
  const seconds = resetsAt === undefined ? undefined : String(Math.floor(resetsAt / 1_000))
  return [
    ['reset', seconds],
    ['overage-reset', seconds],
  ]
}

function lines(pairs: readonly (readonly [string, string | undefined])[]): string[] {
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [`${PREFIX}${name}`, value]))
}
