import { NO_REPAIRS } from '../../providers/adapter.ts'
import type { Attempt, Planned, Reply, Target } from '../exchange.ts'
import type { Stage } from '../stage.ts'

/** Walks the plan's targets. With the one strategy there is so far, `single`, that is one step. */
export function route(): Stage<Planned, Attempt> {
  return (next) =>
    function route(exchange, reply) {
      const { route } = exchange.plan
      if (route.kind !== 'target') throw new Error('only single targets')
      exchange.trail.note({ target: route })
      return next({ ...exchange, target: route, ordinal: 0, repairs: NO_REPAIRS }, tellServedBy(exchange, route, reply))
    }
}

/** Adds the headers by which Portkey's clients learn which target answered, and after how many tries. */
function tellServedBy(exchange: Planned, target: Target, reply: Reply): Reply {
  const { traceId } = exchange.plan
  return {
    head: (head) =>
      reply.head({
        ...head,
        headers: [
          ...head.headers,
          'x-portkey-trace-id',
          traceId,
          'x-portkey-last-used-option-index',
          target.path,
          'x-portkey-provider',
          target.upstream.kind,
          'x-portkey-retry-attempt-count',
          '0',
          'x-portkey-cache-status',
          'DISABLED',
        ],
      }),
    chunk: (bytes) => reply.chunk(bytes),
    end: (ending) => reply.end(ending),
    fail: (error, by, headers) => reply.fail(error, by, headers),
  }
}
