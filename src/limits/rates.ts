import type { Lane, LimitedCall } from './limit.ts'

/* Sliding windows, and how many requests run at once. */

export interface Rates {
  /** Counts a request in all windows, or in none. Refused requests do not count. Lanes of unit `concurrency` are not its business. */
  admit(lanes: readonly Lane[], need: RateNeed): Admission | Jam
  /** Windows that are kept now. */
  readonly windowCount: number
}

export interface RateNeed {
  /** Counting tokens has windows of its own, and none for tokens. */
  readonly endpoint: LimitedCall['endpoint']
  readonly requests: number
  /** As many as are expected; corrected when they are known. */
  readonly tokens: number
}

export interface Admission {
  readonly kind: 'admission'
  /** Puts the tokens that were used in the place of those that were expected. Later calls are ignored. */
  correct(tokens: number): void
}

export interface Jam {
  readonly kind: 'jam'
  readonly lane: Lane
  /** Until it would fit, in milliseconds; Infinity for a request that is larger than the limit. */
  readonly waitMs: number
}

export interface Gates {
  /**
   * Lets in when there is room in all lanes of unit `concurrency`; waits for it in a short queue, and no longer than the signal lasts. A jam
   * after the signal has fired means nothing. Lanes of other units are not its business.
   */
  enter(lanes: readonly Lane[], signal: AbortSignal): Pass | Promise<Pass | Jam>
}

/** Must be left exactly once; leaving twice does nothing. */
export interface Pass {
  readonly kind: 'pass'
  leave(): void
}
