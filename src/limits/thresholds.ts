import type { Bucket, Budget } from './limit.ts'
import type { BucketState } from './budgets.ts'
import { beginTelling, type Tally } from './tally.ts'

/** A budget has come to an amount at which somebody wants to be told. */
export interface ThresholdEvent {
  readonly budget: Budget
  readonly bucket: Bucket
  readonly state: BucketState
  /** In the budget's unit: one of `alertAt`, or its whole amount. */
  readonly threshold: bigint
  /** Told because a call did not fit any more, though less than the whole amount is spent. */
  readonly refused: boolean
}

/**
 * Tells of the thresholds that have been reached and were not told in this period: once for each, bucket and period. The amount itself counts
 * as reached also when the first call is refused for it.
 */
export function tellThresholds(
  tally: Tally,
  budget: Budget,
  state: BucketState,
  isRefusal: boolean,
  tell: (event: ThresholdEvent) => void,
): void {
  if (!beginTelling(tally, state.periodStart)) return
  const refused = isRefusal && state.spent < budget.amount
  for (const threshold of [...budget.alertAt, budget.amount]) {
    const isReached = state.spent >= threshold || (refused && threshold === budget.amount)
    if (!isReached || tally.told.has(threshold)) continue
    tally.told.add(threshold)
    tell({ budget, bucket: tally.bucket, state, threshold, refused })
  }
}

/** A tenth of the period has to be over before the rest is guessed from it. */
const ELAPSED_MIN = 0.1

/** What will have been spent when the period ends, if it goes on like this; undefined without an end, or too early to say. */
export function forecastSpent({ spent, periodStart, resetsAt }: BucketState, now: number): bigint | undefined {
  if (resetsAt === undefined) return undefined
  const whole = resetsAt - periodStart
  const elapsed = Math.min(now - periodStart, whole)
  if (elapsed <= whole * ELAPSED_MIN) return undefined
  return (spent * BigInt(whole)) / BigInt(elapsed)
}
