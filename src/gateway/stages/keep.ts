import { type GatewayError, toGatewayError } from '../../core/errors.ts'
import { type HeaderLines, header } from '../../core/headers.ts'
import { NO_TRANSCRIPT, type Envelope, type Transcript } from '../../records/transcript.ts'
import { leaverOf } from '../departure.ts'
import type { Breaker, Ending, Inbound, Kept, Received, Reply, ReplyHead } from '../exchange.ts'
import { beginGuarded } from '../guard-transcript.ts'
import { maskHeaders } from '../../core/mask-headers.ts'
import type { GatewayParts } from '../parts.ts'
import { PATHS } from '../read-span.ts'
import { refusalBody, refusalHeaders } from '../refusal.ts'
import type { Stage } from '../stage.ts'
import { EventBoundary } from '../stream/event-boundary.ts'
import { errorEvent } from '../stream/own-events.ts'

type KeepParts = Pick<GatewayParts, 'transcripts' | 'transcriptFailed'>

/**
 * Hands the content of an exchange to whoever keeps it, as far as its caller's rules and the request itself allow: the body
 * at once, so that a stream of minutes does not hold it, and the answer as the client gets it, pings and last words included.
 */
export function keep({ transcripts, transcriptFailed }: KeepParts): Stage<Received, Kept> {
  return (next) =>
    async function keep(exchange, reply) {
      const { caller, headers, trail } = exchange
      if (caller.records.content === 'metadata' || wantsNothingKept(headers)) {
        trail.note({ transcript: NOTHING_WANTED })
        return next({ ...exchange, transcript: NOTHING_WANTED }, reply)
      }
      const transcript = beginGuarded(transcripts, openingOf(exchange), transcriptFailed)
      trail.note({ transcript })
      const witness = new Witness(exchange, transcript, reply)
      try {
        await next({ ...exchange, transcript }, witness)
      } catch (thrown) {
        witness.fail(toGatewayError(thrown), exchange.signal.aborted ? leaverOf(exchange.signal) : 'upstream')
      }
    }
}

const NOTHING_WANTED: Transcript = { ...NO_TRANSCRIPT, state: 'metadata' }

/** Portkey's header for a request whose bodies are not to be stored. */
function wantsNothingKept(headers: HeaderLines): boolean {
  return header(headers, 'x-portkey-debug')?.trim().toLowerCase() === 'false'
}

function openingOf({ id, endpoint, caller, sessionKey, client, receivedAt, body }: Received) {
  return {
    exchangeId: id,
    endpoint,
    workspaceId: caller.workspaceId,
    scope: sessionKey ?? `key_${caller.keyId}`,
    agentId: client.agentId,
    receivedAt,
    rules: caller.records,
    request: body.bytes,
  }
}

/** Sees what the client gets, and ends the transcript with it. */
class Witness implements Reply {
  // Of the exchange only what is needed to its end: a stream lasts for minutes, and its body has been handed over.
  readonly #id: Inbound['id']
  readonly #path: string
  readonly #requestHeaders: HeaderLines
  readonly #transcript: Transcript
  readonly #reply: Reply
  readonly #boundary = new EventBoundary()
  #status = 0
  #headers: HeaderLines = []
  #isEventStream = false
  /** The head waits for the first byte behind it, so only from then on does the client have it. */
  #hasBegun = false
  #isOver = false

  constructor({ id, endpoint, query, headers }: Inbound, transcript: Transcript, reply: Reply) {
    this.#id = id
    this.#path = PATHS[endpoint] + query
    this.#requestHeaders = headers
    this.#transcript = transcript
    this.#reply = reply
  }

  head(head: ReplyHead): void {
    this.#status = head.status
    this.#headers = head.headers
    this.#isEventStream = head.eventStream
    this.#reply.head(head)
  }

  chunk(bytes: Buffer): void {
    // The client comes first.
    this.#reply.chunk(bytes)
    if (this.#isOver) return
    this.#hasBegun = true
    if (this.#isEventStream) this.#boundary.push(bytes)
    this.#transcript.response(bytes)
  }

  end(ending: Ending): void {
    this.#finish(this.#status, ['request-id', this.#id, ...this.#headers], undefined)
    this.#reply.end(ending)
  }

  fail(error: GatewayError, by: Breaker, headers?: HeaderLines): void {
    if (!this.#isOver) this.#finishFailed(error, by, headers)
    this.#reply.fail(error, by, headers)
  }

  /** With the last words that the client gets; gateway/client-reply.ts says when it gets which. */
  #finishFailed(error: GatewayError, by: Breaker, headers: HeaderLines | undefined): void {
    const told = by === 'client' ? undefined : { code: error.code, message: error.message }
    if (this.#hasBegun) {
      if (told !== undefined && this.#isEventStream && this.#boundary.isBetweenEvents) {
        this.#transcript.response(errorEvent(error))
      }
      this.#finish(this.#status, ['request-id', this.#id, ...this.#headers], told)
    } else if (told === undefined) {
      this.#finish(0, [], undefined)
    } else {
      const body = refusalBody(error, this.#id)
      this.#transcript.response(body)
      this.#finish(error.status, refusalHeaders(error, this.#id, body, headers), told)
    }
  }

  #finish(status: number, responseHeaders: HeaderLines, error: Envelope['error']): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#transcript.end({
      method: 'POST',
      path: this.#path,
      requestHeaders: maskHeaders(this.#requestHeaders),
      status,
      responseHeaders: maskHeaders(responseHeaders),
      error,
    })
  }
}
