import type { Attempt, Planned, Reply } from '../exchange.ts'
import type { Stage } from '../stage.ts'

/** Walks the plan's targets. With the one strategy there is so far, `single`, that is one step. */
export function route(): Stage<Planned, Attempt> {
  return (next) =>
    function route(exchange, reply) {
      const { target } = exchange.plan
      return next({ ...exchange, target, ordinal: 0 }, tellServedBy(exchange, reply))
    }
}

/** Adds the headers by which Portkey's clients learn which target answered, and after how many tries. */
function tellServedBy(exchange: Planned, reply: Reply): Reply {
  const { target, traceId } = exchange.plan
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
    end: () => reply.end(),
    fail: (error, by) => reply.fail(error, by),
  }
}
