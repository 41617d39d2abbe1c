import type { Clock } from '../core/clock.ts'

/** A clock that stands still until a test turns its hand. */
export interface ManualClock extends Clock {
  /** Moves time on and rings, in their order, every timer that is due on the way. */
  advance(ms: number): void
  /** How many timers wait to ring. */
  readonly waiting: number
}

interface Alarm {
  readonly at: number
  readonly call: () => void
}

/** Starts at `startMs` since the epoch, by default 2026-11-23T00:00:00Z; the monotonic hand starts at zero. */
export function createManualClock(startMs = Date.UTC(2026, 10, 23)): ManualClock {
  let elapsed = 0
  const alarms = new Set<Alarm>()

  return {
    now: () => startMs + Math.floor(elapsed),
    monotonic: () => elapsed,
    after(delayMs, call) {
      const alarm: Alarm = { at: elapsed + Math.max(0, delayMs), call }
      alarms.add(alarm)
      return { cancel: () => void alarms.delete(alarm) }
    },
    advance(ms) {
      const target = elapsed + ms
      for (let next = earliest(); next !== undefined && next.at <= target; next = earliest()) {
        elapsed = next.at
        alarms.delete(next)
        next.call()
      }
      elapsed = target
    },
    get waiting() {
      return alarms.size
    },
  }

  /** A Set keeps insertion order, so of two alarms for one moment the older one rings first. */
  function earliest(): Alarm | undefined {
    let found: Alarm | undefined
    for (const alarm of alarms) if (found === undefined || alarm.at < found.at) found = alarm
    return found
  }
}
