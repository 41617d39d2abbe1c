import type { Explanation } from '../../contract/explain.ts'
import type { Budget, RateLimit } from '../../limits/limit.ts'
import { showBudgetTerms, showRateTerms, showState } from '../limits/show-limits.ts'
import type { LimitStates, PreviewedTarget } from '../parts.ts'

type ShownBudget = Explanation['budgets'][number]
type ShownRate = Explanation['rate_limits'][number]

/** Every budget that a call would be charged to, with how it stands; the one with the least left first. `person` is whose key it is. */
export function showBudgets(
  targets: readonly PreviewedTarget[],
  person: string | undefined,
  states: LimitStates,
): ShownBudget[] {
  const found = new Map<string, { budget: Budget; paths: string[] }>()
  for (const { path, serves } of targets) {
    for (const { budget, bucket } of serves?.purses ?? []) add(found, bucket, { budget, paths: [] }).paths.push(path)
  }
  return [...found]
    .map(([bucket, { budget, paths }]) => {
      const { type, credit_limit, enforcement, mode } = showBudgetTerms(budget)
      const state = states.state(budget.id, bucket)
      const shown = {
        id: budget.id,
        level: budget.level,
        of: nameOf(budget, person),
        type,
        credit_limit,
        enforcement,
        mode,
        targets: paths,
      }
      return { left: requestsLeft(budget, state), shown: { ...shown, ...showState(budget, state) } }
    })
    .toSorted((one, other) => one.left - other.left)
    .map(({ shown }) => shown)
}

/** About what a request of Claude Code comes to: nano-dollars, tokens, requests. */
const USUAL = { cost: 100_000_000, tokens: 50_000, requests: 1 } as const

/**
 * For how many usual requests there is room. All budgets are charged with the same, so among those of one unit the one with the
 * least left does bite first; between units it is a guess. Soft budgets stop nobody, so they come last.
 */
function requestsLeft(
  { amount, unit, hard }: Budget,
  state: { readonly spent: bigint; readonly held: bigint } | undefined,
): number {
  const left = amount - (state?.spent ?? 0n) - (state?.held ?? 0n)
  return (hard ? 0 : Number.MAX_SAFE_INTEGER) + Math.max(0, Number(left)) / USUAL[unit]
}

/** Every rate limit that a call would count in, the narrowest first. */
export function showRates(targets: readonly PreviewedTarget[], person: string | undefined): ShownRate[] {
  const found = new Map<string, { rate: RateLimit; paths: string[] }>()
  for (const { path, serves } of targets) {
    for (const { rate, bucket } of serves?.lanes ?? []) add(found, bucket, { rate, paths: [] }).paths.push(path)
  }
  return [...found.values()]
    .toSorted((one, other) => one.rate.value - other.rate.value)
    .map(({ rate, paths }) => {
      return { id: rate.id, level: rate.level, of: nameOf(rate, person), ...showRateTerms(rate), targets: paths }
    })
}

/** In the words of a refusal, which says `you` to a person: here somebody else may be asking. */
function nameOf({ level, of }: Budget | RateLimit, person: string | undefined): string {
  return level === 'user' ? `user ${person ?? 'unknown'}` : of
}

function add<Value>(map: Map<string, Value>, key: string, fresh: Value): Value {
  const known = map.get(key) ?? fresh
  map.set(key, known)
  return known
}
