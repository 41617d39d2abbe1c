import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { JsonError, parseMember, scanTopLevel } from '../core/json.ts'
import { countMessages, decodeMessage } from './otlp-messages.ts'
import { OtlpRefusal } from './otlp-refusal.ts'

/** What clients tell of themselves. */
export type Signal = 'logs' | 'metrics'

/** How a request is spelt, and so its answer. */
export type Encoding = 'json' | 'protobuf'

/** Of one request, as it comes and once it is unpacked. Claude Code's are a few kilobytes. */
export const BYTES_MAX = 4 * 1024 * 1024

/**
 * Records, attributes and values of one request together. Four megabytes of empty ones would hold up the thread for seconds, and pack into
 * a few kilobytes; five hundred events of Claude Code have half as many.
 */
const PARTS_MAX = 60_000

const DEPTH_MAX = 24

/** The list at the top of a request, in both spellings. */
const LISTS = { logs: 'resourceLogs', metrics: 'resourceMetrics' } as const
const MESSAGES = { logs: 'LogsRequest', metrics: 'MetricsRequest' } as const

const unpack = promisify(gunzip)

/** Undefined for a content type that is none of OTLP's. */
export function encodingOf(contentType: string | undefined): Encoding | undefined {
  const type = contentType?.split(';', 1)[0]!.trim().toLowerCase()
  if (type === 'application/x-protobuf') return 'protobuf'
  return type === 'application/json' ? 'json' : undefined
}

/** All of a body, or a refusal as soon as there is too much of it. */
export async function readBytes(body: Readable): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  // Whoever is refused in the middle still has to get the answer over the same socket.
  for await (const piece of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > BYTES_MAX) throw tooLarge()
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** The items of the list at the top, as plain objects. */
export async function readItems(
  bytes: Buffer,
  {
    signal,
    encoding,
    coding,
  }: { readonly signal: Signal; readonly encoding: Encoding; readonly coding: string | undefined },
): Promise<readonly unknown[]> {
  const plain = await decompress(bytes, coding)
  try {
    const parts =
      encoding === 'protobuf' ? countMessages(MESSAGES[signal], plain, PARTS_MAX) : countBrackets(plain, PARTS_MAX)
    if (parts > PARTS_MAX) throw new OtlpRefusal(413, `The body has more than ${PARTS_MAX} parts.`)
    const items =
      encoding === 'protobuf' ? decodeMessage(MESSAGES[signal], plain)[LISTS[signal]] : parseList(plain, LISTS[signal])
    return Array.isArray(items) ? items : []
  } catch (error) {
    if (error instanceof OtlpRefusal) throw error
    if (error instanceof JsonError) throw new OtlpRefusal(400, `The body cannot be read: ${error.message}`)
    throw new OtlpRefusal(400, `The body is no ${signal} request of OTLP.`)
  }
}

async function decompress(bytes: Buffer, coding: string | undefined): Promise<Buffer> {
  if (coding === undefined) return bytes
  if (coding !== 'gzip') throw new OtlpRefusal(415, 'content-encoding: is gzip, or is left out.')
  try {
    return await unpack(bytes, { maxOutputLength: BYTES_MAX })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge()
    throw new OtlpRefusal(400, 'The body is not what gzip has packed.')
  }
}

function parseList(bytes: Buffer, name: string): unknown {
  const member = scanTopLevel(bytes).find(name)
  return member === undefined ? [] : parseMember(bytes, member, { bytesMax: BYTES_MAX, depthMax: DEPTH_MAX })
}

/** Objects and arrays, those that stand in texts left out; stops counting beyond `most`. */
function countBrackets(json: Buffer, most: number): number {
  let count = 0
  let isText = false
  for (let at = 0; at < json.length && count <= most; at++) {
    const byte = json[at]
    if (isText && byte === BACKSLASH) at++
    else if (byte === QUOTE) isText = !isText
    else if (!isText && (byte === BRACE || byte === BRACKET)) count++
  }
  return count
}

const [QUOTE, BACKSLASH, BRACE, BRACKET] = Buffer.from('"\\{[')

function tooLarge(): OtlpRefusal {
  return new OtlpRefusal(413, `The body is larger than ${BYTES_MAX} bytes.`)
}
