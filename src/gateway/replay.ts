import type { CachedAnswer } from '../cache/answer-cache.ts'
import { contentCoding, header, isEventStream } from '../core/headers.ts'
import { targetsOf } from './cache-key.ts'
import { departureError, leaverOf } from './departure.ts'
import type { Flow, Planned, Reply } from './exchange.ts'

/** As much as a socket takes at once; a client that reads slowly holds the rest back. */
const PIECE_BYTES_MAX = 64 * 1024

/** Gives an earlier answer again: the same bytes in the same order, with the ids of this exchange. It used nothing and costs nothing. */
export function replay({ plan, signal, trail }: Planned, answer: CachedAnswer, reply: Reply): void {
  const path = header(answer.headers, 'x-portkey-last-used-option-index')
  const target = targetsOf(plan.route).find((each) => each.path === path)
  trail.note({ cacheStatus: 'HIT', ...(target !== undefined && { target }) })

  let at = 0
  let isPaused = false
  let isOver = false
  const flow: Flow = {
    pause: () => {
      isPaused = true
    },
    resume: () => {
      isPaused = false
      push()
    },
    abort: finish,
  }

  if (signal.aborted) {
    reply.fail(departureError(signal), leaverOf(signal))
    return
  }
  signal.addEventListener('abort', onLeave, { once: true })
  reply.head({ status: answer.status, headers: headersOf(answer, plan.traceId), eventStream: isEvents(answer), flow })
  push()

  function push(): void {
    while (!isOver && !isPaused && at < answer.body.length) {
      const piece = answer.body.subarray(at, at + PIECE_BYTES_MAX)
      at += piece.length
      reply.chunk(piece)
    }
    if (isOver || isPaused) return
    finish()
    reply.end('whole')
  }

  function onLeave(): void {
    if (isOver) return
    finish()
    reply.fail(departureError(signal), leaverOf(signal))
  }

  function finish(): void {
    isOver = true
    signal.removeEventListener('abort', onLeave)
  }
}

function headersOf(answer: CachedAnswer, traceId: string): string[] {
  return [
    ...answer.headers,
    ...(isEvents(answer) ? [] : ['content-length', String(answer.body.length)]),
    'x-portkey-trace-id',
    traceId,
    'x-portkey-retry-attempt-count',
    '0',
    'x-portkey-cache-status',
    'HIT',
  ]
}

/** Events in plain text, between which the gateway may put some of its own. */
function isEvents({ headers }: CachedAnswer): boolean {
  return isEventStream(headers) && contentCoding(headers) === undefined
}
