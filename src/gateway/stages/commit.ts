import { isObject } from '../../core/is-object.ts'
import type { Clock, Timer } from '../../core/clock.ts'
import { GatewayError, toGatewayError } from '../../core/errors.ts'
import { type HeaderLines, contentCoding, isEventStream } from '../../core/headers.ts'
import { leaverOf } from '../departure.ts'
import type { Attempt, Breaker, Ending, Reply, ReplyHead, Target } from '../exchange.ts'
import { AttemptFailed, type Failure, readRetryAfter, refused, statusOfType } from '../failure.ts'
import type { GatewayParts } from '../parts.ts'
import { servedByHeaders } from '../served-by.ts'
import type { Stage } from '../stage.ts'
import { readError } from '../stream/read-error.ts'
import { type EventKind, type EventReader, createEventReader } from '../stream/sse.ts'

/** Errors are short; what goes on for longer than this is let through as it comes. */
const ERROR_BYTES_MAX = 64 * 1024

/** Before its first content a stream has a few hundred bytes, and a whole answer of a model fits too. */
const HELD_BYTES_MAX = 4 * 1024 * 1024

type CommitParts = Pick<GatewayParts, 'clock' | 'timeouts'>

/**
 * Decides when an answer belongs to the client. Until then an attempt can fail unseen: it throws `AttemptFailed`, and whoever made it may make
 * another one. Errors are always kept back until they are whole; where somebody could take over (`isHeld`), streams are until their first
 * content, and other answers until their last byte. From then on the bytes pass as they come.
 */
export function commit(parts: CommitParts): Stage<Attempt> {
  return (next) =>
    async function commit(attempt, reply) {
      const call = new Uncommitted(attempt, reply, parts)
      const { ordinals, transcript } = attempt
      const callsBefore = ordinals.drawn
      const begin = async () => {
        try {
          await next(call.signal === attempt.signal ? attempt : { ...attempt, signal: call.signal }, call)
        } catch (thrown) {
          call.fail(toGatewayError(thrown), attempt.signal.aborted ? leaverOf(attempt.signal) : 'upstream')
        }
      }
      // Not awaited: a signer that hangs must not outlast the time limit.
      void begin()
      const failure = await call.settled
      if (failure === undefined) return
      if (failure.answer !== undefined && ordinals.drawn > callsBefore) {
        transcript.upstreamError(ordinals.drawn - 1, firstBytes(failure.answer.chunks))
      }
      throw new AttemptFailed(failure)
    }
}

class Uncommitted implements Reply {
  /** Of this call alone, if it may have to be ended alone. */
  readonly signal: AbortSignal
  // Of the attempt only what is needed to its end: a stream lasts for minutes, and the body has been sent in its first second.
  readonly #target: Target
  readonly #traceId: string
  readonly #retry: number
  readonly #isStreaming: boolean
  readonly #reply: Reply
  readonly #clock: Clock
  readonly #isHeld: boolean
  readonly #end: AbortController | undefined
  readonly #settled = Promise.withResolvers<Failure | undefined>()
  #state: 'waiting' | 'committed' | 'failed' = 'waiting'
  #timer: Timer | undefined
  #head: ReplyHead | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  #events: EventReader | undefined

  constructor(attempt: Attempt, reply: Reply, { clock, timeouts }: CommitParts) {
    const { target, plan, retry } = attempt
    const { requestTimeoutMs } = target.settings
    this.#target = target
    this.#traceId = plan.traceId
    this.#retry = retry
    this.#isStreaming = attempt.streaming
    this.#reply = reply
    this.#clock = clock
    this.#isHeld = attempt.isHeld || requestTimeoutMs !== undefined
    if (!this.#isHeld) {
      this.signal = attempt.signal
      return
    }
    this.#end = new AbortController()
    this.signal = AbortSignal.any([attempt.signal, this.#end.signal])
    // An answer that is no stream shows nothing before its end, so its first content says nothing of a provider's health.
    const firstEventMs = attempt.isReplaceable && attempt.streaming ? timeouts.firstEventMs : Infinity
    if (requestTimeoutMs !== undefined && requestTimeoutMs <= firstEventMs) {
      this.#timer = clock.after(requestTimeoutMs, () => this.#giveUp(tooSlow(requestTimeoutMs)))
    } else if (firstEventMs !== Infinity) {
      this.#timer = clock.after(firstEventMs, () => this.#giveUp(silent(target)))
    }
  }

  /** Undefined once the answer belongs to the client, who may also have left. Never rejects. */
  get settled(): Promise<Failure | undefined> {
    return this.#settled.promise
  }

  head(head: ReplyHead): void {
    if (this.#state === 'failed') return
    this.#head = head
    if (head.status >= 400) return
    if (!this.#isHeld) this.#commit()
    else if (head.eventStream) this.#events = this.#readEvents()
    // A compressed stream cannot be looked into as it comes.
    else if (isEventStream(head.headers)) this.#commit()
  }

  chunk(bytes: Buffer): void {
    if (this.#state === 'committed') {
      this.#reply.chunk(bytes)
      return
    }
    if (this.#state === 'failed') return
    const isError = this.#head !== undefined && this.#head.status >= 400
    this.#heldBytes += bytes.length
    if (this.#heldBytes <= (isError ? ERROR_BYTES_MAX : HELD_BYTES_MAX)) {
      this.#held.push(bytes)
      this.#events?.push(bytes)
      return
    }
    // The client never sees these two, so there is nothing to let through.
    if (this.#head?.status === 401 || this.#head?.status === 403) return
    this.#held.push(bytes)
    this.#commit()
  }

  end(ending: Ending): void {
    if (this.#state === 'waiting') {
      if (this.#head !== undefined && (this.#head.status >= 400 || ending === 'broken')) {
        this.#fail(this.#answered(this.#head))
        return
      }
      if (this.#head !== undefined && this.#isNoMessage(this.#head)) {
        const words = 'The provider sent something that is no answer. Try again.'
        this.fail(new GatewayError('upstream.broken', words), 'upstream')
        return
      }
      this.#commit()
    }
    if (this.#state === 'committed') this.#reply.end(ending)
  }

  /** A stream was asked for, and what came in its place is not even a whole message, as from a proxy that answers by itself. */
  #isNoMessage({ headers, eventStream }: ReplyHead): boolean {
    if (!this.#isStreaming || eventStream || contentCoding(headers) !== undefined) return false
    return parse(Buffer.concat(this.#held))['type'] !== 'message'
  }

  fail(error: GatewayError, by: Breaker, headers?: HeaderLines): void {
    if (this.#state === 'failed') return
    if (this.#state === 'waiting' && by === 'upstream') {
      const target = this.#target
      const upstreamStatus = this.#head !== undefined && this.#head.status >= 400 ? this.#head.status : undefined
      this.#fail(refused(error, { path: target.path, target, upstreamStatus }))
      return
    }
    this.#settle('committed')
    this.#reply.fail(error, by, headers ?? this.#servedBy())
  }

  #commit(): void {
    this.#settle('committed')
    const head = this.#head
    if (head !== undefined) this.#reply.head({ ...head, headers: [...head.headers, ...this.#servedBy()] })
    const held = this.#held
    this.#held = []
    for (const bytes of held) this.#reply.chunk(bytes)
  }

  #fail(failure: Failure): void {
    this.#settle('failed', failure)
  }

  #settle(state: 'committed' | 'failed', failure?: Failure): void {
    this.#state = state
    this.#timer?.cancel()
    this.#timer = undefined
    this.#events = undefined
    this.#settled.resolve(failure)
  }

  /** Ends the call, which settles what it has used and then fails with this error. */
  #giveUp(error: GatewayError): void {
    this.#end?.abort(error)
    // Whatever the call was at, it may not have heard.
    if (this.#state === 'waiting') this.fail(error, 'upstream')
  }

  #readEvents(): EventReader {
    return createEventReader({
      event: (kind, data) => {
        if (this.#state === 'waiting') this.#onEvent(kind, data)
      },
      dropped: () => {
        if (this.#state === 'waiting') this.#commit()
      },
    })
  }

  #onEvent(kind: EventKind | undefined, data: Buffer | undefined): void {
    const json = data === undefined ? {} : parse(data)
    switch (kind ?? json['type']) {
      case 'content_block_start':
      case 'content_block_delta':
      case 'message_stop':
        this.#commit()
        return
      case 'message_delta':
        if (isObject(json['delta']) && typeof json['delta']['stop_reason'] === 'string') this.#commit()
        return
      case 'error':
        this.#fail(this.#answered(this.#head!))
        // Nothing that may still come is wanted, so the call is not waited for.
        this.#end?.abort(new GatewayError('upstream.broken', 'The provider told of an error in its stream.'))
    }
  }

  /** An error that the upstream told of by itself: with a status, or after a 200 in the body or the stream. */
  #answered(head: ReplyHead): Failure {
    const target = this.#target
    const text = contentCoding(head.headers) === undefined ? Buffer.concat(this.#held).toString() : ''
    const error = head.eventStream ? errorInEvents(text) : errorInBody(text)
    return {
      // Not Implemented: this target has no such thing, as some have no count of tokens, and is none the worse for it.
      kind: head.status === 501 ? 'skipped' : 'answered',
      path: target.path,
      target,
      status: head.status >= 400 ? head.status : statusOfType(error?.type ?? ''),
      upstreamStatus: head.status,
      reason: error?.type ?? `status ${head.status}`,
      text: error?.message ?? text,
      error: undefined,
      answer: { status: head.status, headers: head.headers, eventStream: head.eventStream, chunks: this.#held },
      retryAfterMs: readRetryAfter(head.headers, this.#clock.now()),
      retries: this.#retry,
    }
  }

  #servedBy(): HeaderLines {
    const { path, upstream } = this.#target
    return servedByHeaders({ traceId: this.#traceId, path, kind: upstream.kind, retries: this.#retry })
  }
}

/** An error, or the beginning of what came in place of one. */
function firstBytes(chunks: readonly Buffer[]): Buffer {
  return Buffer.concat(chunks).subarray(0, ERROR_BYTES_MAX)
}

/** What is parsed here was held, so it is at most 64 KB of an error, one event, or a document in place of a stream. */
function parse(data: Buffer | string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(data.toString())
    return isObject(json) ? json : {}
  } catch {
    return {}
  }
}

function errorInBody(text: string): { type: string; message: string } | undefined {
  if (text.length > ERROR_BYTES_MAX) return undefined
  const { error } = parse(text)
  return isObject(error) ? { ...readError(error) } : undefined
}

/** The data of the error event: the last line of data in a stream that has had no content. */
function errorInEvents(text: string): { type: string; message: string } | undefined {
  const data = /^data:(.*"error".*)$/m.exec(text)?.[1]
  return data === undefined ? undefined : errorInBody(data)
}

function tooSlow(timeoutMs: number): GatewayError {
  return new GatewayError(
    'upstream.too_slow',
    `The provider did not answer within the request timeout of ${timeoutMs} ms.`,
  )
}

function silent({ upstream }: Target): GatewayError {
  return new GatewayError('upstream.timeout', `Provider @${upstream.slug} did not begin to answer in time.`)
}
