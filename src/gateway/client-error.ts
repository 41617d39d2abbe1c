import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { type ErrorCode, GatewayError } from '../core/errors.ts'
import { newRequestId } from '../core/ids.ts'
import { refusalBody, refusalHeaders } from './refusal.ts'

/**
 * Answers what is not HTTP, or too much of it, before any route is known: in the same shape as every other refusal. The
 * connection closes, because nobody can tell where the next request on it would begin: first our half of it, and after a
 * moment to read the answer all of it, whether the client agrees or not.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket, clock: Clock): void {
  // Node keeps the answer under way here; more bytes would end up in the middle of it.
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: { headersSent: boolean } | null }
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent === true) {
    socket.destroy()
    return
  }
  const refusal = explain(error.code)
  const id = newRequestId(clock.now())
  const body = refusalBody(refusal, id)
  const lines = [`HTTP/1.1 ${refusal.spec.status} ${PHRASES[refusal.code] ?? 'Bad Request'}`, 'connection: close']
  const headers = refusalHeaders(refusal, id, body)
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`)
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]))
  const linger = clock.after(LINGER_MS, () => socket.destroy())
  socket.once('close', () => linger.cancel())
}

const LINGER_MS = 2_000

const PHRASES: Partial<Record<ErrorCode, string>> = {
  'request.headers_too_large': 'Request Header Fields Too Large',
  'request.timeout': 'Request Timeout',
}

function explain(code: string | undefined): GatewayError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new GatewayError(
        'request.headers_too_large',
        'The headers of this request are too large. Look at ANTHROPIC_CUSTOM_HEADERS: that is usually what grew.',
      )
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError('request.timeout', 'The request did not arrive in time. Send it again.')
    default:
      return new GatewayError(
        'request.malformed',
        `This is not a valid HTTP/1.1 request${code === undefined ? '' : ` (${code})`}.`,
      )
  }
}
