import { createHash } from 'node:crypto'
import type { TracedExchange } from './traced-exchange.ts'

/** The ids of an exchange in W3C trace context: 32 and 16 hex digits. */
export interface SpanIds {
  readonly traceId: string
  /** Of the exchange itself. */
  readonly root: string
  /** Of whoever called; undefined for the first span of its trace. */
  readonly parent: string | undefined
  /** Of the call to a provider with this number, from 0. */
  attempt(ordinal: number): string
}

const TRACE_ID = /^(?!0{32})[\da-f]{32}$/
const SPAN_ID = /^(?!0{16})[\da-f]{16}$/

/**
 * A trace that the client has begun goes on. All other ids are made of the request's own, so that whoever has that, from a
 * header or a log, finds the trace, and a record that is told twice is one span. A trace that the client has named in words of
 * its own gets the same id in every request of its workspace.
 */
export function spanIdsOf(exchange: TracedExchange): SpanIds {
  const { id, workspaceId, spanId, parentSpanId } = exchange
  const own = id.slice('req_'.length)
  const named = exchange.traceId ?? id
  const ofOthers = TRACE_ID.test(named) ? named : digest(`${workspaceId}\n${named}`).slice(0, 32)
  return {
    traceId: named === id && TRACE_ID.test(own) ? own : ofOthers,
    root: spanId !== undefined && SPAN_ID.test(spanId) ? spanId : digest(id).slice(0, 16),
    parent: parentSpanId !== undefined && SPAN_ID.test(parentSpanId) ? parentSpanId : undefined,
    attempt: (ordinal) => digest(`${id}\n${ordinal}`).slice(0, 16),
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
