import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib'
import { promisify } from 'node:util'
import type { Clock } from '../../core/clock.ts'
import { GatewayError } from '../../core/errors.ts'
import { contentCoding, header } from '../../core/headers.ts'
import { JsonError, type TopLevel, readBoolean, readString, scanTopLevel } from '../../core/json.ts'
import { sessionKey } from '../../core/session-key.ts'
import type { CallBody } from '../../providers/adapter.ts'
import { describeClient } from '../describe-client.ts'
import type { Authenticated, Received } from '../exchange.ts'
import type { RequestLimits } from '../parts.ts'
import { claimedSession, isProbe, sessionInHeader, sessionInTrace } from '../session-claim.ts'
import type { Stage } from '../stage.ts'

/**
 * Members that decide what a call does or costs. A body in which one of them stands twice means different things to
 * different readers, so it is refused instead of guessed at.
 */
const DECISIVE = new Set([
  'model',
  'stream',
  'max_tokens',
  'messages',
  'system',
  'tools',
  // What else budgets and lists of allowed models go by.
  'cache_control',
  'context_management',
  'fallbacks',
  'inference_geo',
  'mcp_servers',
  'service_tier',
  'speed',
  'thinking',
])

/** Reads the body of a known caller and finds its top-level members, without parsing what lies inside them. */
export function receive(limits: RequestLimits, clock: Clock): Stage<Authenticated, Received> {
  return (next) =>
    async function receive(exchange, reply) {
      const bytes = await exchange.content.read(limits.bodyBytesMax)
      exchange.trail.note({ bodyAt: clock.monotonic(), requestBytes: bytes.length })
      refuseOtherTypes(header(exchange.headers, 'content-type'))
      const body = await open(bytes, contentCoding(exchange.headers), limits.bodyBytesMax)
      const modelAsked = readString(body.bytes, body.members.find('model'))
      const streaming = isStreaming(body)
      const { headers } = exchange
      const sessionId = sessionInHeader(headers) ?? claimedSession(body) ?? sessionInTrace(headers)
      const { workspaceId, userId, keyId } = exchange.caller
      const session = sessionId === undefined ? undefined : sessionKey(workspaceId, userId ?? keyId, sessionId)
      const probe = isProbe(body, streaming)
      const client = describeClient(headers)
      const requestClass = probe ? 'probe' : client.requestClass
      exchange.trail.note({
        client,
        streaming,
        modelAsked: modelAsked?.slice(0, 256),
        sessionId,
        sessionKey: session,
        isProbe: probe,
      })
      const found = { body, modelAsked, streaming, sessionId, sessionKey: session, client, requestClass }
      return next({ ...exchange, ...found }, reply)
    }
}

/** JSON under any of its names; clients that say nothing mean JSON. */
function refuseOtherTypes(contentType: string | undefined): void {
  if (contentType === undefined || /^\s*application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType)) return
  throw new GatewayError(
    'request.unsupported_type',
    `The body must be JSON: send content-type application/json instead of ${contentType.slice(0, 80)}.`,
  )
}

async function open(bytes: Buffer, coding: string | undefined, bytesMax: number): Promise<CallBody> {
  if (coding === undefined) return { bytes, members: scan(bytes), compressed: undefined }
  const plain = await decompress(bytes, coding, bytesMax)
  return { bytes: plain, members: scan(plain), compressed: { bytes, coding } }
}

const DECODERS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
} as const

async function decompress(bytes: Buffer, coding: string, bytesMax: number): Promise<Buffer> {
  if (!Object.hasOwn(DECODERS, coding)) {
    throw new GatewayError(
      'request.unsupported_type',
      `The body is compressed as ${coding.slice(0, 80)}, which the gateway does not read. Send it plain, or as gzip, br, deflate or zstd.`,
    )
  }
  try {
    return await DECODERS[coding as keyof typeof DECODERS](bytes, { maxOutputLength: bytesMax })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new GatewayError('request.too_large', `The body is larger than ${bytesMax} bytes once decompressed.`)
    }
    throw new GatewayError('request.malformed', `The body says it is ${coding}, but cannot be decompressed.`, {
      cause: error,
    })
  }
}

function scan(bytes: Buffer): TopLevel {
  if (bytes.length === 0) {
    throw new GatewayError('request.malformed', 'The request has no body. Send a JSON object with model and messages.')
  }
  let members: TopLevel
  try {
    members = scanTopLevel(bytes)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new GatewayError('request.malformed', `The body is not a valid JSON object: ${error.message}`)
  }
  const twice = members.repeated.find((name) => DECISIVE.has(name))
  if (twice !== undefined) {
    throw new GatewayError('request.malformed', `${twice}: stands more than once in the body. Send it once.`)
  }
  return members
}

function isStreaming(body: CallBody): boolean {
  const stream = body.members.find('stream')
  return stream !== undefined && readBoolean(body.bytes, stream) === true
}
