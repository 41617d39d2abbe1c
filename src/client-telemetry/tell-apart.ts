import type { IncomingMessage } from 'node:http'
import { encodingOf } from './read-request.ts'

/**
 * `POST /v1/logs` is two things: telemetry of Claude Code, and records that are handed in, as at Portkey. This is where one is told from the
 * other: telemetry is protobuf, or compressed, or a JSON object that begins with `resourceLogs`, its only member. The first bytes are put
 * back, so that whoever reads the body then reads all of it.
 */
export function tellApart(request: IncomingMessage, told: (isOtlp: boolean) => void): void {
  const { headers } = request
  const encoding = encodingOf(headers['content-type'])
  if (encoding === 'protobuf' || (encoding === 'json' && headers['content-encoding'] === 'gzip')) {
    told(true)
    return
  }
  const isEmpty = headers['transfer-encoding'] === undefined && !(Number(headers['content-length']) > 0)
  if (encoding === undefined || isEmpty) {
    told(false)
    return
  }
  peek(request, (bytes) => told(/^\s*\{\s*"resourceLogs"/.test(bytes.toString('latin1', 0, PEEKED))))
}

/** Enough for the name and any white space that an encoder writes before it. */
const PEEKED = 256

/** Shows the first bytes of a body and leaves them there. A body without any is empty. */
function peek(request: IncomingMessage, see: (bytes: Buffer) => void): void {
  request.once('readable', () => {
    const bytes = request.read() as Buffer | null
    if (bytes !== null) request.unshift(bytes)
    see(bytes ?? Buffer.alloc(0))
  })
}
