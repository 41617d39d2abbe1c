import { JsonError, parseMember } from '../../core/json.ts'
import type { Attempt } from '../exchange.ts'
import { AttemptFailed, type Failure, failureOf, routeStep } from '../failure.ts'
import { findRepair, withRepair } from '../find-repair.ts'
import { createLessons } from '../lessons.ts'
import type { GatewayParts } from '../parts.ts'
import type { Stage } from '../stage.ts'

type RepairParts = Pick<GatewayParts, 'clock' | 'providers' | 'warn'>

/**
 * Asks the same target once more, at once and with less, when it refuses something that only this target does not take: thinking that was signed
 * elsewhere, a beta that is not there yet. What that taught is left out from the start next time. A proof of identity that has run out is renewed
 * likewise.
 */
export function repair(parts: RepairParts): Stage<Attempt> {
  const lessons = createLessons(parts.clock)
  return (next) =>
    async function repair(attempt, reply) {
      let repairs = lessons.recall(attempt)
      const made = new Set<string>()
      for (;;) {
        const startedAt = parts.clock.monotonic()
        try {
          return await next({ ...attempt, repairs }, reply)
        } catch (thrown) {
          const failure = failureOf(thrown)
          if (attempt.signal.aborted) throw new AttemptFailed(failure)
          if (isProofRefused(failure)) {
            if (made.has('proof') || !forgetProof(attempt, failure)) throw new AttemptFailed(failure)
            made.add('proof')
          } else {
            const found = findRepair(failure)
            const repaired =
              found && !made.has(found.kind) ? withRepair(repairs, found, countMessages(attempt)) : undefined
            if (found === undefined || repaired === undefined) throw new AttemptFailed(failure)
            made.add(found.kind)
            repairs = repaired
            if (lessons.learn(attempt, found, repairs)) warn(attempt, failure)
          }
          const ms = parts.clock.monotonic() - startedAt
          attempt.trail.note({ step: routeStep(failure, 'repaired', ms) })
        }
      }
    }

  function forgetProof({ target: { upstream } }: Attempt, { upstreamStatus, answer }: Failure): boolean {
    if (upstreamStatus === undefined || answer === undefined) return false
    const { signer } = parts.providers[upstream.kind]
    return signer.forget?.(upstream, { status: upstreamStatus, headers: answer.headers }) === true
  }

  function warn({ target, id }: Attempt, { text }: Failure): void {
    parts.warn?.({
      message: `Provider @${target.upstream.slug} refuses something that Claude Code sends; it is left out for the next six hours: ${text.slice(0, 300)}`,
      requestId: id,
      provider: `@${target.upstream.slug}`,
      model: target.wire.id,
    })
  }
}

function isProofRefused({ upstreamStatus }: Failure): boolean {
  return upstreamStatus === 401 || upstreamStatus === 403
}

/** A conversation may fill the whole body. It is parsed only here, after a refusal. */
const MESSAGES_LIMITS = { bytesMax: 64 * 1024 * 1024, depthMax: 256 }

/** How many messages the conversation has; `Infinity` when they cannot be counted. */
function countMessages({ body }: Attempt): number {
  const member = body.members.find('messages')
  if (member === undefined) return 0
  try {
    const messages = parseMember(body.bytes, member, MESSAGES_LIMITS)
    return Array.isArray(messages) ? messages.length : Infinity
  } catch (error) {
    if (error instanceof JsonError) return Infinity
    throw error
  }
}
