import type { Lane } from './limit.ts'

/* Sliding windows, and how many requests run at once. */

export interface Rates {
  /** Counts a request in all windows, or in none. Refused requests do not count. */
  admit(lanes: readonly Lane[], need: { readonly requests: number; readonly tokens: number }): Admission | Jam
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
  /** Resolves when there is room in all lanes of unit `concurrency`; waits in a short queue, and no longer than the signal lasts. */
  enter(lanes: readonly Lane[], signal: AbortSignal): Pass | Promise<Pass | Jam>
}

/** Must be left exactly once; leaving twice does nothing. */
export interface Pass {
  readonly kind: 'pass'
  leave(): void
}
