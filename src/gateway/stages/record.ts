import { type GatewayError, toGatewayError } from '../../core/errors.ts'
import type { HeaderLines } from '../../core/headers.ts'
import { addUsage } from '../../core/read-usage.ts'
import { NO_USAGE } from '../../core/usage.ts'
import type { ExchangeRecord, RouteStep } from '../../records/record.ts'
import { leaverOf } from '../departure.ts'
import type { AttemptFacts, Breaker, Ending, Facts, Inbound, Reply, ReplyHead, Trail } from '../exchange.ts'
import { describeClient } from '../describe-client.ts'
import type { GatewayParts } from '../parts.ts'
import { readSpan } from '../read-span.ts'
import type { Stage } from '../stage.ts'

type RecordParts = Pick<GatewayParts, 'recorder' | 'clock' | 'report'>

/** Writes down what became of every exchange, refusals included. Outermost, so that it sees all of it. */
export function record(parts: RecordParts): Stage<Inbound> {
  return (next) =>
    async function record(exchange, reply) {
      const watched = new Watched(exchange, reply, parts)
      try {
        await next({ ...exchange, trail: watched }, watched)
      } catch (thrown) {
        watched.fail(toGatewayError(thrown), exchange.signal.aborted ? leaverOf(exchange.signal) : 'upstream')
      }
    }
}

/** Collects the facts of one exchange from the trail and from the reply that passes through it. */
class Watched implements Reply, Trail {
  readonly #exchange: Inbound
  readonly #reply: Reply
  readonly #parts: RecordParts
  /** Later facts overwrite earlier ones of the same name. */
  readonly #facts: { -readonly [Name in keyof Facts]: Facts[Name] } = {}
  #attempts = 0
  readonly #route: RouteStep[] = []
  /** The sum over all calls: each of them is paid. */
  #spent: Spent = { usage: NO_USAGE, estimated: false, costNanos: 0n, priceFlag: undefined }
  #status = 0
  #responseBytes = 0
  #isOver = false

  constructor(exchange: Inbound, reply: Reply, parts: RecordParts) {
    this.#exchange = exchange
    this.#reply = reply
    this.#parts = parts
  }

  note(facts: Facts): void {
    if (facts.readyAt !== undefined) this.#attempts++
    if (facts.step !== undefined && this.#route.length < STEPS_MAX) this.#route.push(facts.step)
    if (facts.attempt !== undefined) this.#spent = withCall(this.#spent, facts.attempt)
    Object.assign(this.#facts, facts)
  }

  head(head: ReplyHead): void {
    this.#status = head.status
    this.#reply.head(head)
  }

  chunk(bytes: Buffer): void {
    this.#responseBytes += bytes.length
    this.#reply.chunk(bytes)
  }

  end(ending: Ending): void {
    // The status was spent when the upstream failed: an error event has told the client, and the answer is no success.
    const hasBroken = ending === 'broken'
    this.#write(hasBroken ? 'interrupted' : 'completed', hasBroken ? 'upstream' : undefined, undefined)
    this.#reply.end(ending)
  }

  fail(error: GatewayError, by: Breaker, headers?: HeaderLines): void {
    // A head waits for the first byte behind it, so without one the client gets a clean refusal instead.
    const hasBegun = this.#responseBytes > 0
    if (!hasBegun) this.#status = by === 'client' ? CLIENT_LEFT : error.status
    const isRefusal = !hasBegun && by === 'upstream'
    // A limit of the caller's own may end an answer as well: then its code says by what, and nobody has broken it.
    const isByRule = by === 'upstream' && error.spec.fault === 'caller'
    this.#write(
      isRefusal ? 'refused' : 'interrupted',
      isRefusal || isByRule ? undefined : by,
      by === 'client' ? undefined : error,
    )
    if (by !== 'client' && error.spec.fault !== 'caller') {
      const slug = this.#facts.target?.upstream.slug
      this.#parts.report({ error, requestId: this.#exchange.id, provider: slug === undefined ? undefined : `@${slug}` })
    }
    this.#reply.fail(error, by, headers)
  }

  #write(
    outcome: ExchangeRecord['outcome'],
    interruptedBy: Breaker | undefined,
    error: GatewayError | undefined,
  ): void {
    if (this.#isOver) return
    this.#isOver = true
    const { id, endpoint, receivedAt, startedAt, headers } = this.#exchange
    const facts = this.#facts
    const { caller, plan, attempt } = facts
    const client = facts.client ?? describeClient(headers)
    const endedAt = this.#parts.clock.monotonic()
    const since = (moment: number | undefined) => (moment === undefined ? undefined : between(startedAt, moment))
    this.#parts.recorder.record({
      id,
      endpoint,
      receivedAt,
      organisationId: caller?.organisationId,
      workspaceId: caller?.workspaceId,
      keyId: caller?.keyId,
      userId: caller?.userId,
      metadata: plan?.metadata ?? caller?.metadata ?? {},
      traceId: plan?.traceId,
      ...client,
      sessionId: facts.sessionId,
      sessionKey: facts.sessionKey,
      project: (plan?.metadata ?? caller?.metadata)?.['project'],
      ...readSpan(this.#exchange),
      requestClass: facts.isProbe === true ? 'probe' : client.requestClass,
      streaming: facts.streaming ?? false,
      modelAsked: facts.modelAsked,
      modelServed: attempt?.modelServed,
      providerId: facts.target?.upstream.providerId,
      providerSlug: facts.target?.upstream.slug,
      attempts: this.#attempts,
      configId: plan?.config.id,
      configVersionId: plan?.config.versionId,
      targetPath: facts.target?.path,
      retries: facts.retries ?? 0,
      cacheStatus: facts.cacheStatus,
      route: this.#route.length === 1 && this.#route[0]!.result === 'answered' ? [] : this.#route,
      changes: facts.changes?.map(({ action, what }) => `${action} ${what}`) ?? [],
      upstreamRequestId: attempt?.upstreamRequestId,
      status: this.#status,
      outcome,
      interruptedBy,
      errorCode: error?.code,
      stopReason: attempt?.stopReason,
      priceVersion: attempt?.priceVersion,
      ...this.#spent,
      queueMs: since(facts.readyAt),
      connectMs: facts.connectedAt === undefined ? undefined : between(facts.readyAt!, facts.connectedAt),
      firstByteMs: since(facts.firstByteAt),
      firstTokenMs: since(facts.firstTokenAt),
      totalMs: between(startedAt, endedAt),
      overheadMs: overhead(facts, endedAt),
      requestBytes: facts.requestBytes ?? 0,
      responseBytes: this.#responseBytes,
      bodyState: facts.transcript?.state ?? 'none',
      shelf: facts.transcript?.shelf,
      source: 'gateway',
    })
  }
}

/** A document may have thousands of targets; a record has to stay narrow. */
const STEPS_MAX = 50

type Spent = Pick<ExchangeRecord, 'usage' | 'estimated' | 'costNanos' | 'priceFlag'>

function withCall(spent: Spent, call: AttemptFacts): Spent {
  return {
    usage: spent.usage === NO_USAGE ? call.usage : addUsage(spent.usage, call.usage),
    estimated: spent.estimated || call.estimated,
    costNanos: spent.costNanos + call.costNanos,
    // One price that nobody knew makes the sum one to be looked at.
    priceFlag: spent.priceFlag === 'unknown_model' ? 'unknown_model' : call.priceFlag,
  }
}

/** What nginx calls it when nobody waits for the answer any more. No client ever sees it. */
const CLIENT_LEFT = 499

function overhead({ bodyAt, readyAt, upstreamEndedAt }: Facts, endedAt: number): number | undefined {
  if (bodyAt === undefined || readyAt === undefined) return undefined
  return between(bodyAt, readyAt + (upstreamEndedAt === undefined ? 0 : endedAt - upstreamEndedAt))
}

/** Milliseconds to the microsecond: more places are noise, and make every record and every listing longer. */
function between(from: number, to: number): number {
  return Math.round((to - from) * 1000) / 1000
}
