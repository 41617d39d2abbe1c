import type { Lane } from '../../limits/limit.ts'
import type { Admitted, Planned, Reply } from '../exchange.ts'
import type { GatewayParts } from '../parts.ts'
import type { Serve, Stage } from '../stage.ts'
import { visitLanes } from '../limits/visit.ts'

type LimitParts = Pick<GatewayParts, 'clock' | 'limits'>

/**
 * Lets a request in when no rate limit stops it that is known without its target. Answers from the cache count as requests too. Before the
 * first ping, because a refusal needs its status.
 */
export function limit(parts: LimitParts): Stage<Planned, Admitted> {
  return (next) =>
    function limit(exchange, reply) {
      const { caller, endpoint, plan } = exchange
      const lanes = parts.limits.rulebook().lanes(caller, { endpoint, metadata: plan.metadata })
      if (lanes.length === 0) return next({ ...exchange, noteTokens: NOBODY_COUNTS }, reply)
      return serveLimited(lanes, exchange, reply, next)
    }

  async function serveLimited(
    lanes: readonly Lane[],
    exchange: Planned,
    reply: Reply,
    next: Serve<Admitted>,
  ): Promise<void> {
    const visiting = visitLanes(lanes, exchange, reply, parts)
    const visit = visiting instanceof Promise ? await visiting : visiting
    try {
      await next({ ...exchange, noteTokens: visit.noteTokens }, visit)
    } catch (thrown) {
      visit.finish()
      throw thrown
    }
  }
}

const NOBODY_COUNTS = (): void => undefined
