import type { GatewayError } from '../../core/errors.ts'

/** Claude Code's idle watchdog counts any byte; an event of this name every client ignores. */
export const PING = Buffer.from('event: ping\ndata: {"type": "ping"}\n\n')

/**
 * The honest end of a broken stream. Faults of an upstream are told as `overloaded_error`: before the first content Claude Code
 * then streams again, while any other type makes it fall back to one request without a stream (measured with 2.1.330).
 */
export function errorEvent(error: GatewayError): Buffer {
  const { fault, wire } = error.spec
  const type = fault === 'upstream' || error.code === 'gateway.draining' ? 'overloaded_error' : wire
  return toEvent({ type: 'error', error: { type, message: error.message } })
}

/** An upstream's error body as an event. What is not an Anthropic envelope is told in our own words. */
export function errorEventFrom(body: Buffer): Buffer {
  try {
    const envelope = JSON.parse(body.toString()) as {
      type?: unknown
      error?: { type?: unknown; message?: unknown }
    } | null
    if (envelope?.type === 'error' && typeof envelope.error?.type === 'string') return toEvent(envelope)
  } catch {
    // Told below.
  }
  return toEvent({
    type: 'error',
    error: { type: 'api_error', message: 'The provider answered with an error that is not in the Messages format.' },
  })
}

function toEvent(envelope: object): Buffer {
  return Buffer.from(`event: error\ndata: ${JSON.stringify(envelope)}\n\n`)
}
