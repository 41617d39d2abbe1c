import { GatewayError, toGatewayError } from '../core/errors.ts'
import { type HeaderLines, contentCoding, header, isEventStream } from '../core/headers.ts'
import { type Id, newId } from '../core/ids.ts'
import { NO_USAGE, totalTokens, type ReportedUsage, type TokenUsage } from '../core/usage.ts'
import type { CallCharge, CallClosing } from '../ledger/ledger.ts'
import type { Change, OwnAnswer, UpstreamFlow, UpstreamHandler } from '../providers/adapter.ts'
import { departureError, leaverOf } from './departure.ts'
import { editedBody } from './edited-body.ts'
import { estimateInput } from './limits/estimate-input.ts'
import { type Attempt, type Flow, type GuardedAttempt, type PaidAttempt, type Reply, STILL } from './exchange.ts'
import type { GatewayParts } from './parts.ts'
import { forClient } from './response-headers.ts'
import type { Serve } from './stage.ts'
import { toModelCall, withForwarded } from './model-call.ts'
import type { AnswerTap } from './stream/answer-tap.ts'
import { createBodyTap } from './stream/body-tap.ts'
import { createDecodingTap } from './stream/decoding-tap.ts'
import { createUsageTap } from './stream/usage-tap.ts'

type SendParts = Pick<GatewayParts, 'clock' | 'providers' | 'prices' | 'ledger' | 'timeouts'>

/** The end of the pipeline: one attempt becomes one upstream call, metered, priced and written into the ledger. */
export function send(parts: SendParts): Serve<GuardedAttempt> {
  return async function send(attempt, reply) {
    const { upstream, settings } = attempt.target
    const { adapter, signer, transport } = parts.providers[upstream.kind]
    const modelCall = toModelCall(attempt)
    const own = adapter.answerItself?.(modelCall, upstream)
    if (own !== undefined) {
      attempt.hold.release()
      answer(own, reply)
      return
    }
    const { request, changes } = adapter.encode(modelCall, upstream)
    const forwarded = withForwarded(request, settings.forwardHeaders, attempt.headers)
    const call = new UpstreamCall(attempt, editedBody(attempt.body, request.body), reply, parts)
    try {
      const signed = await signer.sign(forwarded, upstream, attempt.signal)
      // It may have been ended while it waited for its proof of identity.
      if (call.isOver) return
      attempt.noteProof(signed.headers)
      attempt.trail.note({ readyAt: parts.clock.monotonic(), changes: withLowered(changes, attempt) })
      transport.send(signed, upstream, parts.timeouts, adapter.listen?.(modelCall, upstream, call) ?? call)
    } catch (thrown) {
      if (call.isOver) return
      call.forget()
      throw thrown
    }
  }
}

/** An answer that cost no call. */
function answer({ status, headers, body }: OwnAnswer, reply: Reply): void {
  reply.head({ status, headers, eventStream: false, flow: STILL })
  reply.chunk(body)
  reply.end('whole')
}

/**
 * What a call keeps of its attempt until it ends. Not the body: a stream lasts for minutes, and the body has been sent in its first second. And
 * each by its name: a copy of all but one takes 1.5 µs.
 */
type CallFacts = Pick<
  PaidAttempt,
  | 'id'
  | 'endpoint'
  | 'receivedAt'
  | 'signal'
  | 'trail'
  | 'caller'
  | 'noteTokens'
  | 'target'
  | 'ordinals'
  | 'hold'
  | 'transcript'
  | 'sessionKey'
  | 'requestClass'
> & { readonly project: string | undefined }

/** Sees one upstream call from its first byte to its entry in the ledger. */
class UpstreamCall implements UpstreamHandler {
  readonly #attempt: CallFacts
  /** Tokens of input, as long as the upstream has told nothing. */
  readonly #inputEstimate: number
  readonly #reply: Reply
  readonly #parts: SendParts
  readonly #id: Id<'call'>
  #state: 'waiting' | 'open' | 'over' = 'waiting'
  #flow: UpstreamFlow | undefined
  #status: number | undefined
  #upstreamRequestId: string | undefined
  #tap: AnswerTap | undefined
  #isPlainStream = false
  #sawContent = false
  /** Among the calls of its exchange, once it is in the ledger. */
  #ordinal = 0
  /** To be taken down once the call has its number. */
  #editedBody: readonly Buffer[] | undefined

  constructor(attempt: PaidAttempt, edited: readonly Buffer[] | undefined, reply: Reply, parts: SendParts) {
    const { id, endpoint, receivedAt, signal, trail, caller, noteTokens, target, ordinals, hold } = attempt
    const { transcript, sessionKey, requestClass } = attempt
    const project = attempt.plan.metadata['project']
    this.#attempt = {
      id,
      endpoint,
      receivedAt,
      signal,
      trail,
      caller,
      noteTokens,
      target,
      ordinals,
      hold,
      transcript,
      sessionKey,
      requestClass,
      project,
    }
    this.#editedBody = edited
    this.#inputEstimate = Math.min(estimateInput(attempt.body), hold.most.input)
    this.#reply = reply
    this.#parts = parts
    this.#id = newId(parts.clock.now())
    if (attempt.signal.aborted) this.#onLeave()
    else attempt.signal.addEventListener('abort', this.#onLeave, { once: true })
  }

  /** Its end has been told; whatever still comes belongs to nobody. */
  get isOver(): boolean {
    return this.#state === 'over'
  }

  /** It was never handed to a transport, and whoever made it tells why. */
  forget(): void {
    this.#finish()
  }

  sent(flow: UpstreamFlow): void {
    if (this.isOver) {
      flow.abort()
      return
    }
    this.#flow = flow
    this.#attempt.trail.note({ connectedAt: this.#parts.clock.monotonic() })
    try {
      this.#openEntry()
      this.#state = 'open'
    } catch (error) {
      // A call that cannot be written down is not made.
      this.#finish()
      flow.abort()
      this.#reply.fail(toGatewayError(error), 'upstream')
      return
    }
    if (this.#editedBody === undefined) return
    this.#attempt.transcript.upstreamRequest(this.#ordinal, this.#editedBody)
    this.#editedBody = undefined
  }

  head(status: number, headers: HeaderLines): void {
    if (this.isOver) return
    this.#status = status
    this.#upstreamRequestId = clip(header(headers, 'request-id') ?? header(headers, 'x-request-id'))
    this.#attempt.trail.note({ firstByteAt: this.#parts.clock.monotonic() })
    const unusable = whyUnusable(status, header(headers, 'content-type'), this.#attempt)
    if (unusable !== undefined) {
      this.#flow?.abort()
      this.#close(this.#failedCharge(), 'failed', undefined)
      this.#reply.fail(unusable, 'upstream')
      return
    }
    const coding = contentCoding(headers)
    const isEvents = isEventStream(headers)
    this.#isPlainStream = isEvents && coding === undefined
    if (status === 200) this.#tap = tapFor(isEvents, coding)
    this.#reply.head({
      status,
      headers: forClient(headers, isEvents),
      eventStream: this.#isPlainStream,
      flow: this.#valve,
    })
  }

  chunk(bytes: Buffer): void {
    if (this.isOver) return
    const tap = this.#tap
    if (tap !== undefined) {
      tap.push(bytes)
      if (!this.#sawContent && tap.contentStarted) {
        this.#sawContent = true
        this.#attempt.trail.note({ firstTokenAt: this.#parts.clock.monotonic() })
      }
      const unpaid = this.#attempt.hold.watch(tap)
      if (unpaid !== undefined) {
        this.#endUnpaid(unpaid)
        return
      }
    }
    this.#reply.chunk(bytes)
  }

  end(): void {
    if (this.isOver) return
    this.#attempt.trail.note({ upstreamEndedAt: this.#parts.clock.monotonic() })
    if (this.#tap === undefined) this.#conclude()
    else this.#tap.end(() => this.#conclude())
  }

  fail(error: GatewayError): void {
    if (this.#state === 'over') return
    this.#attempt.trail.note({ upstreamEndedAt: this.#parts.clock.monotonic() })
    // The tap is told first, so that a last event without its end still counts, and what is still being decoded too.
    if (this.#tap === undefined) this.#breakOff(error)
    else this.#tap.end(() => this.#breakOff(error))
  }

  /** No budget has room for the rest of the answer: stop paying, and say so. */
  #endUnpaid(tellWhy: () => GatewayError): void {
    this.#flow?.abort()
    this.#close(this.#chargeSoFar(), 'interrupted', undefined)
    this.#reply.fail(tellWhy(), 'upstream')
  }

  /** The upstream's answer has broken off, and what it has told is known. */
  #breakOff(error: GatewayError): void {
    if (this.#state === 'over') return
    const tap = this.#tap
    if (this.#isPlainStream && tap?.finished === true) {
      // The message is whole. An error behind its last event would make the client ask, and pay, for it once more.
      this.#conclude()
      return
    }
    // A provider that we stopped waiting for works on, and bills, as for a client that has left.
    const isGivenUp = GIVEN_UP.has(error.code) && (tap !== undefined || this.#status === undefined)
    const hasUsed = isGivenUp || (tap !== undefined && (tap.started || tap.abandoned || tap.outputEstimate > 0))
    const charge = hasUsed ? this.#chargeSoFar() : this.#failedCharge()
    this.#close(charge, hasUsed || tap !== undefined ? 'interrupted' : 'failed', 'upstream')
    this.#reply.fail(error, 'upstream')
  }

  /** The upstream has ended by itself; whether its answer is whole is what the tap saw. */
  #conclude(): void {
    if (this.#state === 'over') return
    const tap = this.#tap
    if (tap === undefined) {
      this.#close(this.#failedCharge(), 'failed', undefined)
    } else if (tap.finished || tap.abandoned) {
      // A tap that gave up cannot tell; the answer gets the benefit of the doubt, and its row says that it is an estimate.
      this.#close(this.#chargeSoFar(), 'completed', undefined)
    } else {
      this.#close(this.#chargeSoFar(), 'interrupted', 'upstream')
      // An error event has told the client already; anything else would look like a clean end.
      if (tap.errorEvent === undefined) {
        this.#reply.fail(endedEarly(), 'upstream')
        return
      }
      this.#reply.end('broken')
      return
    }
    this.#reply.end('whole')
  }

  /** The client has left, a shutdown has waited long enough, or this attempt was given up: stop paying, then settle what was used. */
  readonly #onLeave = (): void => {
    if (this.#state === 'over') return
    const { signal } = this.#attempt
    if (signal.reason instanceof GatewayError) {
      this.#flow?.abort()
      this.fail(signal.reason)
      return
    }
    const by = leaverOf(signal)
    this.#flow?.abort()
    if (this.#state === 'open') this.#close(this.#chargeSoFar(), 'interrupted', by)
    this.#finish()
    this.#reply.fail(departureError(signal), by)
  }

  #openEntry(): void {
    const { id, receivedAt, ordinals, caller, endpoint, target, hold, sessionKey, project, requestClass } =
      this.#attempt
    this.#ordinal = ordinals.draw()
    this.#parts.ledger.open({
      id: this.#id,
      exchangeId: id,
      ordinal: this.#ordinal,
      organisationId: caller.organisationId,
      workspaceId: caller.workspaceId,
      keyId: caller.keyId,
      userId: caller.userId,
      providerId: target.upstream.providerId,
      providerSlug: target.upstream.slug,
      providerKind: target.upstream.kind,
      endpoint,
      model: target.wire.id,
      receivedAt,
      sessionKey,
      project,
      requestClass,
      buckets: hold.buckets,
      held: hold.bound,
      openedAt: hold.at ?? this.#parts.clock.now(),
      fallback: this.#chargeSoFar(),
    })
  }

  #close(charge: CallCharge, outcome: CallClosing['outcome'], interruptedBy: CallClosing['interruptedBy']): void {
    const wasOpen = this.#state === 'open'
    if (wasOpen) this.#attempt.hold.settle(charge, this.#ordinal, this.#tap)
    this.#finish()
    if (!wasOpen) return
    const ending = {
      ...charge,
      outcome,
      modelServed: clip(this.#tap?.modelServed),
      upstreamRequestId: this.#upstreamRequestId,
    }
    this.#attempt.noteTokens(totalTokens(charge.usage))
    this.#attempt.trail.note({ attempt: { ...ending, stopReason: clip(this.#tap?.stopReason) } })
    this.#parts.ledger.close(this.#id, {
      ...ending,
      interruptedBy,
      upstreamStatus: this.#status,
      closedAt: this.#parts.clock.now(),
    })
  }

  #finish(): void {
    this.#state = 'over'
    this.#editedBody = undefined
    this.#attempt.hold.release()
    this.#attempt.signal.removeEventListener('abort', this.#onLeave)
  }

  /**
   * What the call has used by what is known now: what the upstream reported; else the output that was seen, and the input
   * by the size of the body.
   */
  #chargeSoFar(): CallCharge {
    const tap = this.#tap
    if (tap === undefined) return this.#charge(asReport({ ...NO_USAGE, input: this.#inputEstimate }), true)
    const isReported = tap.inputReported && tap.outputReported && !tap.abandoned
    const report = tap.report()
    const guessed = {
      ...(!tap.inputReported && { input: this.#inputEstimate }),
      ...(!tap.outputReported && { output: Math.min(report.tokens.output, this.#attempt.hold.most.output) }),
    }
    return this.#charge(withTokens(report, guessed), !isReported)
  }

  /** Providers do not bill a call that they answered with an error. */
  #failedCharge(): CallCharge {
    return this.#charge(asReport(NO_USAGE), false)
  }

  #charge(report: ReportedUsage, estimated: boolean): CallCharge {
    const { endpoint, target } = this.#attempt
    // Counting tokens is free at every provider.
    if (endpoint === 'count_tokens') {
      return { usage: NO_USAGE, estimated: false, costNanos: 0n, priceVersion: '', priceFlag: 'free' }
    }
    const tag = this.#parts.prices.price(report, {
      providerKind: target.upstream.kind,
      scope: target.wire.priceScope,
      model: this.#tap?.modelServed ?? target.wire.id,
      at: this.#attempt.receivedAt,
    })
    // Anthropic bills no refusal that came before any output; one in the middle of an answer it does.
    const isFree = this.#tap?.stopReason === 'refusal' && report.tokens.output === 0
    return { usage: report.tokens, estimated, ...tag, ...(isFree && { costNanos: 0n }) }
  }

  readonly #valve: Flow = {
    pause: () => this.#flow?.pause(),
    resume: () => this.#flow?.resume(),
    abort: () => this.#flow?.abort(),
  }
}

/** What a budget has changed is told behind what the dialect has. */
function withLowered(changes: readonly Change[], { outputTokensMax }: PaidAttempt): readonly Change[] {
  return outputTokensMax === undefined ? changes : [...changes, { action: 'lowered', what: 'max_tokens' }]
}

/** Ends a call that the provider may still be working at. */
const GIVEN_UP: ReadonlySet<string> = new Set(['upstream.timeout', 'upstream.too_slow'])

/** Longer than any provider's names; without an end an upstream's word would fill the journal and every page that shows it. */
const WORD_CHARACTERS_MAX = 256

function clip(word: string | undefined): string | undefined {
  return word?.slice(0, WORD_CHARACTERS_MAX)
}

/** An answer that must not reach the client as it is, and the reason. Everything else passes through unmodified. */
function whyUnusable(
  status: number,
  contentType: string | undefined,
  attempt: Pick<Attempt, 'target'>,
): GatewayError | undefined {
  const slug = `@${attempt.target.upstream.slug}`
  if (status >= 300 && status < 400) {
    // A client that follows would carry its gateway key to a host of the upstream's choosing.
    return new GatewayError(
      'upstream.redirected',
      `Provider ${slug} answered with a redirect, which the gateway does not follow. An administrator should correct its host.`,
      { detail: `status ${status}` },
    )
  }
  if (status === 200 && contentType?.toLowerCase().startsWith('text/html') === true) {
    return new GatewayError(
      'upstream.broken',
      `Provider ${slug} answered with a web page instead of a message. Try again; if it stays, tell whoever runs the gateway.`,
    )
  }
  return undefined
}

function endedEarly(): GatewayError {
  return new GatewayError('upstream.broken', 'The provider ended the answer before it was complete.')
}

function asReport(tokens: TokenUsage): ReportedUsage {
  return {
    tokens,
    steps: [{ model: undefined, kind: 'message', tokens }],
    speed: 'standard',
    geography: undefined,
    serviceTier: undefined,
  }
}

function withTokens(report: ReportedUsage, guessed: Partial<TokenUsage>): ReportedUsage {
  const [first, ...rest] = report.steps
  return {
    ...report,
    tokens: { ...report.tokens, ...guessed },
    steps: first === undefined ? [] : [{ ...first, tokens: { ...first.tokens, ...guessed } }, ...rest],
  }
}

/** What looks at the answer on its way: by its format, and through a decoder when the upstream compressed it unasked. */
function tapFor(isEvents: boolean, coding: string | undefined): AnswerTap {
  const tap = isEvents ? createUsageTap() : createBodyTap()
  return coding === undefined ? tap : createDecodingTap(coding, tap)
}
