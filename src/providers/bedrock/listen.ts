import { GatewayError } from '../../core/errors.ts'
import { type HeaderLines, header } from '../../core/headers.ts'
import { scanTopLevel, readInteger } from '../../core/json.ts'
import type { ModelCall, Upstream, UpstreamFlow, UpstreamHandler } from '../adapter.ts'
import { type AwsError, envelopeOf, mapError } from './errors.ts'
import { createFrameReader, readFrameHeaders } from './frames.ts'
import { createSseWriter, startsWith } from './sse-writer.ts'

/** Answers of AWS as Anthropic would give them: the event stream as SSE, errors in the envelope, counts by their name. */
export function listenToAws(
  // Nothing else of the call: a stream lasts for minutes, and would keep the body that it has sent in its first second.
  { endpoint }: ModelCall,
  { slug }: Upstream,
  handler: UpstreamHandler,
): UpstreamHandler {
  let flow: UpstreamFlow | undefined
  /** Who reads the body; chosen by the head. */
  let reader: BodyReader | undefined

  return {
    sent(valve) {
      flow = valve
      handler.sent(valve)
    },
    head(status, headers) {
      reader = readerFor(status, headers, endpoint, { handler, abort: () => flow?.abort(), slug })
    },
    chunk: (bytes) => reader?.chunk(bytes),
    end: () => reader?.end(),
    fail(error) {
      if (reader === undefined) handler.fail(error)
      else reader.fail(error)
    },
  }
}

type BodyReader = Pick<UpstreamHandler, 'chunk' | 'end' | 'fail'>

interface Listening {
  readonly handler: UpstreamHandler
  readonly abort: () => void
  readonly slug: string
}

function readerFor(
  status: number,
  lines: HeaderLines,
  endpoint: ModelCall['endpoint'],
  listening: Listening,
): BodyReader {
  const headers = withRequestId(lines)
  const type = header(headers, 'content-type')?.toLowerCase() ?? ''
  if (status >= 400) return readError(status, headers, listening)
  if (status === 200 && type.startsWith(EVENT_STREAM)) return readFrames(headers, listening)
  if (status === 200 && endpoint === 'count_tokens' && type.startsWith('application/json')) {
    return readCount(headers, listening)
  }
  listening.handler.head(status, headers)
  return listening.handler
}

const EVENT_STREAM = 'application/vnd.amazon.eventstream'

/** The head waits for the first frame: an exception there is still an answer with a status of its own. */
function readFrames(headers: HeaderLines, { handler, abort, slug }: Listening): BodyReader {
  const writer = createSseWriter()
  let state: 'silent' | 'open' | 'over' = 'silent'
  /** Of the last frame that was a chunk: all of a stream's chunks have the very same headers, which are then not read again. */
  let chunkHeaders: Buffer = Buffer.alloc(0)

  const frames = createFrameReader((bytes, headersStart, payloadStart, end) => {
    if (state === 'over') return
    if (chunkHeaders.length === 0 || !isAt(bytes, headersStart, payloadStart, chunkHeaders)) {
      const headerBytes = bytes.subarray(headersStart, payloadStart)
      const named = readFrameHeaders(headerBytes)
      const error = errorIn(named, bytes.subarray(payloadStart, end))
      if (error !== undefined) {
        stop(error)
        return
      }
      // What is added to the protocol one day is not ours to judge.
      if (named.get(':event-type') !== 'chunk') return
      chunkHeaders = Buffer.from(headerBytes)
    }
    writer.add(bytes, payloadStart, end)
    if (state === 'silent') open()
  })

  return {
    chunk(bytes) {
      if (state === 'over') return
      try {
        frames.push(bytes)
      } catch (error) {
        breakOff(error)
        return
      }
      flush()
    },
    end() {
      if (state === 'over') return
      try {
        frames.end()
      } catch (error) {
        breakOff(error)
        return
      }
      if (state === 'silent') breakOff(new Error('the stream has no events'))
      else handler.end()
    },
    fail(error) {
      if (state !== 'over') handler.fail(error)
    },
  }

  function open(): void {
    state = 'open'
    handler.head(200, withoutBody(headers, ['content-type', 'text/event-stream; charset=utf-8']))
  }

  function flush(): void {
    const bytes = writer.take()
    if (bytes !== undefined) handler.chunk(bytes)
  }

  /** The provider gave up, and said why. */
  function stop(error: AwsError): void {
    const mapped = mapError(error)
    const wasOpen = state === 'open'
    state = 'over'
    if (wasOpen) {
      writer.addEvent('error', envelopeOf(mapped))
      flush()
    } else {
      giveEnvelope(handler, mapped.status, headers, envelopeOf(mapped))
    }
    abort()
    handler.end()
  }

  function breakOff(cause: unknown): void {
    // What came before the damage is whole, and the client may have it.
    flush()
    state = 'over'
    abort()
    handler.fail(
      new GatewayError('upstream.broken', `Provider @${slug} sent a stream that cannot be read. Try again.`, {
        cause,
        detail: cause instanceof Error ? cause.message : String(cause),
      }),
    )
  }
}

/** Whether `[start, end)` holds just these bytes. Shorter to look than to call into native code for a hundred of them. */
function isAt(bytes: Buffer, start: number, end: number, same: Buffer): boolean {
  return end - start === same.length && startsWith(bytes, start, end, same)
}

function errorIn(named: ReadonlyMap<string, string>, payload: Buffer): AwsError | undefined {
  switch (named.get(':message-type')) {
    case 'exception':
      return { status: undefined, name: named.get(':exception-type'), body: payload }
    case 'error': {
      const body = Buffer.from(JSON.stringify({ message: named.get(':error-message') ?? '' }))
      return { status: undefined, name: named.get(':error-code'), body }
    }
    default:
      return undefined
  }
}

/** Errors are short; a longer one is a page of somebody in between, and its beginning will do. */
const ERROR_BYTES_MAX = 64 * 1024

function readError(status: number, headers: HeaderLines, { handler }: Listening): BodyReader {
  return collect(ERROR_BYTES_MAX, handler, (body) => {
    const mapped = mapError({ status, name: header(headers, 'x-amzn-errortype'), body })
    giveEnvelope(handler, mapped.status, headers, envelopeOf(mapped))
    handler.end()
  })
}

const COUNT_BYTES_MAX = 4 * 1024

/** `{"inputTokens":n}` becomes `{"input_tokens":n}`. */
function readCount(headers: HeaderLines, { handler, slug }: Listening): BodyReader {
  return collect(COUNT_BYTES_MAX, handler, (body) => {
    const count = countIn(body)
    if (count === undefined) {
      handler.fail(new GatewayError('upstream.broken', `Provider @${slug} answered a count of tokens without one.`))
      return
    }
    giveEnvelope(handler, 200, headers, JSON.stringify({ input_tokens: count }))
    handler.end()
  })
}

function countIn(body: Buffer): number | undefined {
  try {
    const { find } = scanTopLevel(body)
    return readInteger(body, find('inputTokens') ?? find('input_tokens'))
  } catch {
    return undefined
  }
}

/** Keeps a short body until it is whole. */
function collect(bytesMax: number, handler: UpstreamHandler, whole: (body: Buffer) => void): BodyReader {
  const pieces: Buffer[] = []
  let room = bytesMax
  return {
    chunk(bytes) {
      if (room > 0) pieces.push(bytes.subarray(0, room))
      room -= bytes.length
    },
    end: () => whole(Buffer.concat(pieces)),
    fail: (error) => handler.fail(error),
  }
}

function giveEnvelope(handler: UpstreamHandler, status: number, headers: HeaderLines, json: string): void {
  const body = Buffer.from(json)
  const described = ['content-type', 'application/json', 'content-length', String(body.length)]
  handler.head(status, withoutBody(headers, described))
  handler.chunk(body)
}

/** AWS names its requests in a header of its own. */
function withRequestId(headers: HeaderLines): HeaderLines {
  const id = header(headers, 'x-amzn-requestid')
  return id === undefined || header(headers, 'request-id') !== undefined ? headers : [...headers, 'request-id', id]
}

const OF_THE_BODY = new Set(['content-type', 'content-length', 'content-encoding', 'transfer-encoding'])

/** The same headers for another body. */
function withoutBody(headers: HeaderLines, described: HeaderLines): HeaderLines {
  const kept: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    if (!OF_THE_BODY.has(headers[at]!.toLowerCase())) kept.push(headers[at]!, headers[at + 1]!)
  }
  return [...kept, ...described]
}
