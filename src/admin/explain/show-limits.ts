import type { Explanation } from '../../contract/explain.ts'
import type { Budget, RateLimit } from '../../limits/limit.ts'
import { showBudgetTerms, showRateTerms, showState } from '../limits/show-limits.ts'
import type { LimitStates, PreviewedTarget } from '../parts.ts'

type ShownBudget = Explanation['budgets'][number]
type ShownRate = Explanation['rate_limits'][number]

/** Every budget that a call would be charged to, with how it stands; the one with the smallest share left first. `person` is whose key it is. */
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
      return { left: shareLeft(budget, state), shown: { ...shown, ...showState(budget, state) } }
    })
    .toSorted((one, other) => one.left - other.left)
    .map(({ shown }) => shown)
}

/** Between 0 and 1. Soft budgets stop nobody, so they come last. */
function shareLeft(
  { amount, hard }: Budget,
  state: { readonly spent: bigint; readonly held: bigint } | undefined,
): number {
  const used = (state?.spent ?? 0n) + (state?.held ?? 0n)
  const left = amount === 0n ? 0 : Math.max(0, 1 - Number(used) / Number(amount))
  return hard ? left : left + 1
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
