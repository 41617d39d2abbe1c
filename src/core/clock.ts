/** The only door to time. Everything that waits or stamps takes a `Clock`; tests turn its hand. */
export interface Clock {
  /** Milliseconds since the Unix epoch: for stamps that are stored or shown. */
  now(): number
  /** Milliseconds on a clock that never jumps, with fractions: for durations. */
  monotonic(): number
  /** Calls back once after `delayMs`, without keeping the process alive for it. */
  after(delayMs: number, call: () => void): Timer
}

/** A pending call; `cancel` is safe to use twice and after it rang. */
export interface Timer {
  cancel(): void
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, delayMs)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
