import type { ServerResponse } from 'node:http'
import type { GatewayError } from '../core/errors.ts'
import { type HeaderLines, header } from '../core/headers.ts'

/*
 * How a GatewayError becomes HTTP on the Messages routes. Status, type and headers are chosen for what Claude Code does with
 * them; docs/reference/errors.md tells what that is for each code.
 */

/** The Anthropic envelope. */
export function refusalBody(error: GatewayError, requestId: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      type: 'error',
      error: { type: error.spec.wire, message: error.message },
      request_id: requestId,
    }),
  )
}

export function refusalHeaders(error: GatewayError, requestId: string, body: Buffer, more: HeaderLines = []): string[] {
  const headers = [
    'content-type',
    'application/json',
    'content-length',
    String(body.length),
    'request-id',
    requestId,
    'x-portcullis-error',
    error.code,
    ...more,
  ]
  if (header(more, 'x-portkey-trace-id') === undefined) headers.push('x-portkey-trace-id', requestId)
  if (error.spec.final) headers.push('x-should-retry', 'false')
  if (error.retryAfterSeconds !== undefined) headers.push('retry-after', String(error.retryAfterSeconds))
  if (error.spec.fault === 'gateway') headers.push('x-portkey-gateway-exception', 'true')
  return headers
}

/**
 * Answers with a refusal, often before the body of the request is here. A connection that is to close stays open until it
 * is: closing it under a client that still writes resets it, and the reset takes the answer away.
 */
export function sendRefusal(
  response: ServerResponse,
  error: GatewayError,
  requestId: string,
  more: HeaderLines = [],
): void {
  const body = refusalBody(error, requestId)
  response.writeHead(error.spec.status, refusalHeaders(error, requestId, body, more))
  const { req: request } = response
  if (response.shouldKeepAlive || request.complete) {
    response.end(body)
    return
  }
  response.write(body)
  request.once('close', () => response.end()).resume()
}
