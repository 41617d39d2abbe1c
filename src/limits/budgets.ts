import type { Amounts, Bucket, Budget, Purse } from './limit.ts'

/*
 * What is left of every budget, and what running calls hold of it. Every hold ends exactly once: it is settled, released, or, when the process
 * dies, settled at the charge under which the ledger opened its call.
 */

export interface Budgets {
  /**
   * Places one hold over all purses together, or none. `bound` is the most that the call may use, `expected` what it is likely to use; each
   * budget holds by its mode. Synchronous, so nothing can come between looking and holding.
   */
  hold(purses: readonly Purse[], need: Need): Hold | Shortage
  /**
   * A call was refused for this shortage, also in a shorter form. A strict budget is hardly ever used up to the last nano-dollar, so that counts as
   * having reached its amount.
   */
  refused(shortage: Shortage): void
  /** What would still fit: the least over all hard budgets that hold by this mode; undefined where none limits this unit. */
  room(purses: readonly Purse[], mode: Budget['mode']): Room
  /** How one bucket stands now. */
  state(budget: Budget, bucket: Bucket): BucketState
  /** Every bucket of a limit that has been used in the running period. */
  buckets(limitId: string): readonly Bucket[]
}

export interface Need {
  readonly bound: Amounts
  readonly expected: Amounts
  /** Milliseconds since the epoch; decides the period it is charged to, also after a reset that comes while it runs. */
  readonly at: number
}

export interface Room {
  readonly costNanos: bigint | undefined
  readonly tokens: bigint | undefined
}

export interface Hold {
  readonly kind: 'hold'
  /** For the ledger. */
  readonly buckets: readonly Bucket[]
  /** Ends the hold and charges what was used; nothing is ever refused here. */
  settle(used: Amounts): void
  /** Ends the hold without a charge: the call was not made. */
  release(): void
  /** Makes it larger, in all purses or in none; smaller always works. False when a hard budget has no room for it. */
  resize(need: Pick<Need, 'bound' | 'expected'>): boolean
  readonly isOver: boolean
}

/** Why a hold was not given. */
export interface Shortage {
  readonly kind: 'shortage'
  readonly purse: Purse
  readonly state: BucketState
  /** `spent`: it does not fit in what is left of the period. `held`: it would, were it not for calls that are running. */
  readonly reason: 'spent' | 'held'
}

export interface BucketState {
  /** In the budget's unit. */
  readonly spent: bigint
  readonly held: bigint
  /** Milliseconds since the epoch. */
  readonly periodStart: number
  /** Undefined for a budget that never resets. */
  readonly resetsAt: number | undefined
}
