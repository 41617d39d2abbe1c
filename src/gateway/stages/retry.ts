import type { Clock } from '../../core/clock.ts'
import type { RetryRule } from '../../routing/routing-config.ts'
import { departureError, leaverOf } from '../departure.ts'
import type { Attempt } from '../exchange.ts'
import { AttemptFailed, type Failure, failureOf, routeStep } from '../failure.ts'
import type { GatewayParts } from '../parts.ts'
import type { Stage } from '../stage.ts'

/** Statuses that pass by themselves (Portkey's list). */
const USUAL_CODES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504, 529])

/** All pauses of one target together: beyond it the client is better told. */
const WAITED_MS_MAX = 60_000

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 16_000

/** Asks the same target again, as often as its config says, with a pause in between that ends when the client leaves. */
export function retry({ clock, random }: Pick<GatewayParts, 'clock' | 'random'>): Stage<Attempt> {
  return (next) =>
    async function retry(attempt, reply) {
      const rule = attempt.target.settings.retry
      if (rule === undefined || rule.attempts === 0) return next(attempt, reply)
      let waitedMs = 0
      for (let tries = 0; ; tries++) {
        const startedAt = clock.monotonic()
        attempt.trail.note({ retries: tries })
        try {
          return await next({ ...attempt, isHeld: true, retry: tries }, reply)
        } catch (thrown) {
          const failure = failureOf(thrown)
          if (!passes(failure, rule)) throw new AttemptFailed({ ...failure, retries: tries })
          const pauseMs = pauseAfter(failure, rule, tries, random)
          if (tries === rule.attempts || waitedMs + pauseMs > WAITED_MS_MAX) {
            throw new AttemptFailed({ ...failure, retries: -1 })
          }
          waitedMs += pauseMs
          const ms = clock.monotonic() - startedAt
          attempt.trail.note({ step: routeStep(failure, 'retried', ms) })
          await pause(clock, pauseMs, attempt.signal)
        }
        if (attempt.signal.aborted) {
          reply.fail(departureError(attempt.signal), leaverOf(attempt.signal))
          return
        }
      }
    }
}

/** Whether the failure may be gone the next time. What an administrator has to mend is not. */
function passes({ kind, error, status }: Failure, { onStatusCodes }: RetryRule): boolean {
  if (kind === 'skipped' || error?.isFinal === true || error?.spec.recovery === 'stop') return false
  return (onStatusCodes ?? USUAL_CODES).has(status)
}

/** As long as the upstream asks for, where it is listened to; else up to 1, 2, 4, 8, 16 s, so that clients that failed together come apart. */
function pauseAfter(failure: Failure, rule: RetryRule, tries: number, random: () => number): number {
  if (rule.useRetryAfterHeaders && failure.retryAfterMs !== undefined) return failure.retryAfterMs
  return Math.round(random() * Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS))
}

/** Ends early, and without an error, when the signal fires. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const stop = () => {
      timer.cancel()
      signal.removeEventListener('abort', stop)
      resolve()
    }
    const timer = clock.after(ms, stop)
    signal.addEventListener('abort', stop, { once: true })
  })
}
