import type { Clock } from '../../core/clock.ts'
import { GatewayError } from '../../core/errors.ts'
import { type HeaderLines, header } from '../../core/headers.ts'
import { NO_REPAIRS } from '../../providers/adapter.ts'
import type { RouteStep } from '../../records/record.ts'
import type { BreakerTarget, CallOutcome } from '../../routing/breaker.ts'
import {
  type Admitted,
  type Attempt,
  type Choice,
  type DeadEnd,
  type Ordinals,
  type Planned,
  type Reply,
  type Route,
  STILL,
  type Target,
  type Trail,
} from '../exchange.ts'
import { type Failure, failureOf, movesOn, refused, routeStep } from '../failure.ts'
import type { GatewayParts } from '../parts.ts'
import { servedByHeaders } from '../served-by.ts'
import type { Serve, Stage } from '../stage.ts'

type RouteParts = Pick<GatewayParts, 'clock' | 'affinity' | 'breakers'>

/** Walks the plan's route until a target serves. When none does, the last failure reaches the client as it came. */
export function route(parts: RouteParts): Stage<Admitted, Attempt> {
  return (next) =>
    async function route(exchange, reply) {
      const journey = new Journey(exchange, reply, next, parts)
      const failure = await journey.walk(exchange.plan.route, { isHeld: false, isReplaceable: false, mayBeOpen: true })
      if (failure !== undefined) tell(journey.toTell(failure), exchange, reply)
    }
}

/** Outside of the journey, because a call keeps it for as long as its stream: a closure in there would keep the whole body. */
function countFromZero(): Ordinals {
  let drawn = 0
  return {
    draw: () => drawn++,
    get drawn() {
      return drawn
    },
  }
}

/** Notes who answers when the client is told, because a short answer ends in that same moment. Outside of the journey for the same reason. */
function notingWho(
  { path, upstream: { slug } }: Target,
  startedAt: number,
  trail: Trail,
  reply: Reply,
  clock: Clock,
): Reply {
  return {
    head(head) {
      const ms = Math.round(clock.monotonic() - startedAt)
      trail.note({ step: { path, provider: slug, result: 'answered', status: head.status, reason: undefined, ms } })
      reply.head(head)
    },
    chunk: (bytes) => reply.chunk(bytes),
    end: (ending) => reply.end(ending),
    fail: (error, by, headers) => reply.fail(error, by, headers),
  }
}

/** What stands around a step of the way. */
interface Surroundings {
  readonly isHeld: boolean
  readonly isReplaceable: boolean
  /** Nothing better is left, so a target is called even if its circuit is open. */
  readonly mayBeOpen: boolean
}

class Journey {
  readonly #exchange: Admitted
  readonly #reply: Reply
  readonly #next: Serve<Attempt>
  readonly #parts: RouteParts
  readonly #ordinals = countFromZero()
  /** The last failure of a target that was called. */
  #lastReal: Failure | undefined
  /** A target would have served, had the client left out a feature that it can leave out. */
  #dropped: Failure | undefined
  /** The failure was one that no other option would have answered better. */
  #isFinal = false

  constructor(exchange: Admitted, reply: Reply, next: Serve<Attempt>, parts: RouteParts) {
    this.#exchange = exchange
    this.#reply = reply
    this.#next = next
    this.#parts = parts
  }

  /** Undefined when the client is being served, or has left. */
  async walk(route: Route, around: Surroundings): Promise<Failure | undefined> {
    switch (route.kind) {
      case 'target':
        return this.#try(route, around)
      case 'choice':
        return this.#choose(route, around)
      case 'dead end': {
        const failure = deadEnd(route)
        this.#note(routeStep(failure, 'skipped', 0))
        return failure
      }
    }
  }

  /** Which of all failures the client is told. */
  toTell(last: Failure): Failure {
    if (this.#isFinal) return last
    return this.#dropped ?? this.#lastReal ?? last
  }

  async #choose(choice: Choice, around: Surroundings): Promise<Failure | undefined> {
    const { affinityKey, options } = choice
    const known = affinityKey === undefined ? undefined : this.#parts.affinity.get(affinityKey)
    const order = withFirst(options, known)
    const closed = order.filter((option) => !this.#isShut(option))
    if (closed.length === 0) return this.#tryInTurn(order, choice, { ...around, mayBeOpen: true })

    for (const option of order) if (!closed.includes(option)) this.#pass(option)
    const lastReal = this.#lastReal
    const failure = await this.#tryInTurn(closed, choice, { ...around, mayBeOpen: false })
    const wereAllSkipped = failure?.kind === 'skipped' && this.#lastReal === lastReal
    if (!wereAllSkipped || !around.mayBeOpen) return failure
    // None of them can serve such a request. Those that are left alone may be able to, and nothing better is left.
    const open = order.filter((option) => this.#hasOpen(option))
    return open.length === 0 ? failure : this.#tryInTurn(open, choice, { ...around, mayBeOpen: true })
  }

  /** Until one serves, or fails in a way that moves nobody on. */
  async #tryInTurn(ways: readonly Route[], choice: Choice, around: Surroundings): Promise<Failure | undefined> {
    let failure: Failure | undefined
    for (const [at, option] of ways.entries()) {
      const isReplaceable = around.isReplaceable || at < ways.length - 1
      failure = await this.walk(option, { ...around, isHeld: true, isReplaceable })
      if (failure === undefined) {
        this.#remember(choice, option)
        return undefined
      }
      if (!movesOn(failure, choice.onStatusCodes)) {
        this.#isFinal = true
        return failure
      }
    }
    return failure
  }

  /** So that the conversation stays where it is served. */
  #remember({ affinityKey, affinityMs, options }: Choice, option: Route): void {
    const { signal, endpoint } = this.#exchange
    // A count may be answered where the conversation is not: not every target has one.
    const hasServed = !signal.aborted && endpoint === 'messages'
    if (hasServed && affinityKey !== undefined) {
      this.#parts.affinity.set(affinityKey, options.indexOf(option), affinityMs)
    }
  }

  async #try(target: Target, { isHeld, isReplaceable, mayBeOpen }: Surroundings): Promise<Failure | undefined> {
    const { clock, breakers } = this.#parts
    const { trail, signal } = this.#exchange
    const circuit = isHeld ? circuitOf(target) : undefined
    if (circuit !== undefined && !breakers.mayTry(circuit) && !mayBeOpen) {
      this.#pass(target)
      return circuitOpen(target)
    }
    this.#isFinal = false
    const startedAt = clock.monotonic()
    const note = (outcome: CallOutcome, status: number | undefined) => {
      if (circuit !== undefined) breakers.note(circuit, outcome, status)
    }
    trail.note({ target, retries: 0 })
    try {
      await this.#next(
        {
          ...this.#exchange,
          target,
          ordinals: this.#ordinals,
          retry: 0,
          isHeld,
          isReplaceable,
          repairs: NO_REPAIRS,
          signal,
        },
        notingWho(target, startedAt, trail, this.#reply, clock),
      )
    } catch (thrown) {
      const failure = failureOf(thrown)
      const isSkip = failure.kind === 'skipped'
      const saysNothing = isSkip || isNotOfTheTarget(failure) || isOwnHurry(failure, this.#exchange)
      const outcome = saysNothing ? 'undecided' : 'failed'
      note(outcome, failure.upstreamStatus === 200 ? failure.status : failure.upstreamStatus)
      trail.note({ retries: failure.retries })
      this.#note(routeStep(failure, isSkip ? 'skipped' : 'failed', clock.monotonic() - startedAt))
      if (!isSkip) this.#lastReal = failure
      else if (isDroppable(failure)) this.#dropped ??= failure
      return failure
    }
    if (signal.aborted) {
      note('undecided', undefined)
      return undefined
    }
    note('served', 200)
    return undefined
  }

  /** No call is to be made there now. */
  #isShut(route: Route): boolean {
    switch (route.kind) {
      case 'target':
        return this.#parts.breakers.isOpen(circuitOf(route))
      case 'choice':
        return route.options.every((option) => this.#isShut(option))
      case 'dead end':
        return true
    }
  }

  /** A target in there is being left alone. */
  #hasOpen(route: Route): boolean {
    switch (route.kind) {
      case 'target':
        return this.#parts.breakers.isOpen(circuitOf(route))
      case 'choice':
        return route.options.some((option) => this.#hasOpen(option))
      case 'dead end':
        return false
    }
  }

  /** Notes that an option is left out. */
  #pass(option: Route): void {
    switch (option.kind) {
      case 'target':
        this.#note(routeStep(circuitOpen(option), 'skipped', 0, 'circuit open'))
        return
      case 'choice':
        for (const each of option.options) this.#pass(each)
        return
      case 'dead end':
        this.#note(routeStep(deadEnd(option), 'skipped', 0))
    }
  }

  #note(step: RouteStep): void {
    this.#exchange.trail.note({ step })
  }
}

/** The options in their order, but the one that is known to have served first. */
function withFirst(options: readonly Route[], known: number | undefined): readonly Route[] {
  const first = known === undefined ? undefined : options[known]
  return first === undefined ? options : [first, ...options.filter((option) => option !== first)]
}

/** Whatever is wrong with this way, another one may be right. */
function deadEnd({ error, path }: DeadEnd): Failure {
  return { ...refused(error, { path }), kind: 'skipped' }
}

function circuitOf({ upstream, wire, settings }: Target): BreakerTarget {
  return { providerId: upstream.providerId, slug: upstream.slug, model: wire.id, rule: settings.breaker }
}

function circuitOpen(target: Target): Failure {
  const error = new GatewayError(
    'upstream.unreachable',
    `Provider @${target.upstream.slug} has failed several times in a row and is left alone for a while.`,
    { retryAfterSeconds: 5 },
  )
  return { ...refused(error, { path: target.path, target }), kind: 'skipped' }
}

/** A request that makes no sense, or a gateway in trouble: were it counted, one client could close a target to all others. */
function isNotOfTheTarget({ error }: Failure): boolean {
  return error?.spec.recovery === 'stop'
}

/** A time limit that came with the request; others, who wait longer, must not lose the target over it. */
function isOwnHurry({ reason }: Failure, { headers, plan }: Planned): boolean {
  if (reason !== 'upstream.too_slow') return false
  return plan.config.id === undefined || header(headers, 'x-portkey-request-timeout') !== undefined
}

/** Claude Code leaves a field out and asks again when it is refused in these words (measured with 2.1.330). */
function isDroppable({ error }: Failure): boolean {
  return error?.code === 'target.incapable' && error.message.endsWith('Extra inputs are not permitted')
}

/** The last word of a journey on which nobody served. */
function tell(failure: Failure, { plan, trail }: Planned, reply: Reply): void {
  const { target, answer, retries, path } = failure
  if (target !== undefined) trail.note({ target, retries })
  const headers = servedByHeaders({ traceId: plan.traceId, path, kind: target?.upstream.kind, retries })
  const error = failure.error ?? rejectedCredential(failure)
  if (error !== undefined) {
    reply.fail(error, 'upstream', headers)
    return
  }
  if (answer !== undefined) replay(answer, headers, reply)
}

function replay(answer: NonNullable<Failure['answer']>, headers: HeaderLines, reply: Reply): void {
  const { status, eventStream, chunks } = answer
  reply.head({ status, headers: [...answer.headers, ...headers], eventStream, flow: STILL })
  for (const bytes of chunks) reply.chunk(bytes)
  reply.end(status === 200 ? 'broken' : 'whole')
}

/**
 * Passed on, a 401 or 403 would read "Please run /login" at the terminal: the one credential that is not at fault is the developer's.
 */
function rejectedCredential({ status, target }: Failure): GatewayError | undefined {
  if (status !== 401 && status !== 403) return undefined
  const slug = `@${target?.upstream.slug ?? ''}`
  return new GatewayError(
    'upstream.credential_rejected',
    status === 401
      ? `Provider ${slug} refused the gateway’s own credential. Your key is fine: tell whoever runs the gateway.`
      : `Provider ${slug} does not allow this to the gateway’s own account. Your key is fine: tell whoever runs the gateway.`,
    { detail: `status ${status}` },
  )
}
