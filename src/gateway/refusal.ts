import type { ServerResponse } from 'node:http'
import type { GatewayError, PortkeyWords } from '../core/errors.ts'
import { type HeaderLines, header } from '../core/headers.ts'

/*
 * How a GatewayError becomes HTTP on the Messages routes. Status, type and headers are chosen for what Claude Code does with
 * them; docs/reference/errors.md tells what that is for each code.
 */

/** The Anthropic envelope; Portkey's for a refusal that was made for a caller who expects it. */
export function refusalBody(error: GatewayError, requestId: string): Buffer {
  const { message, portkey } = error
  const envelope =
    portkey === undefined
      ? { type: 'error', error: { type: error.spec.wire, message }, request_id: requestId }
      : inPortkeysShape(message, portkey)
  return Buffer.from(JSON.stringify(envelope))
}

/** A code comes with the members that its clients look for beside it: they were there before `error` was. */
function inPortkeysShape(message: string, { type, code }: PortkeyWords): object {
  const error = { message, type, param: null, code }
  return code === null ? { error } : { status: 'failure', message, error }
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
  if (error.spendNotice !== undefined) headers.push(...error.spendNotice)
  if (error.isFinal) headers.push('x-should-retry', 'false')
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
  response.writeHead(error.status, refusalHeaders(error, requestId, body, more))
  const { req: request } = response
  if (response.shouldKeepAlive || request.complete) {
    response.end(body)
    return
  }
  response.write(body)
  request.once('close', () => response.end()).resume()
}
