import { estimateTokens } from '../../core/estimate-tokens.ts'
import type { GatewayError } from '../../core/errors.ts'
import type { HeaderLines } from '../../core/headers.ts'
import type { Lane } from '../../limits/limit.ts'
import type { Admission, Jam, Pass } from '../../limits/rates.ts'
import { departureError } from '../departure.ts'
import type { Breaker, Ending, Planned, Reply, ReplyHead } from '../exchange.ts'
import type { GatewayParts } from '../parts.ts'
import { estimateInput } from './estimate-input.ts'
import { rateRefusal } from './rate-refusal.ts'

type VisitParts = Pick<GatewayParts, 'clock' | 'limits'>

/**
 * Takes a request through its lanes, or throws the refusal: first in line where only so many may run at once, then counted in its windows, so that
 * nobody is counted for waiting; a promise only where there is a line. The visit is a reply to be passed on: it is over when the answer is.
 */
export function visitLanes(
  lanes: readonly Lane[],
  exchange: Pick<Planned, 'caller' | 'endpoint' | 'body' | 'signal'>,
  reply: Reply,
  parts: VisitParts,
): Visit | Promise<Visit> {
  const { endpoint, body, signal } = exchange
  const { gates, rates } = parts.limits
  // Counting tokens is quick and free, and Claude Code does it by the dozen at once: it is not kept waiting.
  const entering = endpoint === 'messages' ? gates.enter(lanes, signal) : undefined
  return entering instanceof Promise ? entering.then(begin) : begin(entering)

  function begin(pass: Pass | Jam | undefined): Visit {
    if (pass?.kind === 'jam') throw signal.aborted ? departureError(signal) : refusalFor(pass)
    const admission = admit(estimateTokens(body.bytes.length))
    if (admission.kind === 'jam') {
      pass?.leave()
      throw refusalFor(admission)
    }
    return new Visit(reply, signal, pass, admission)
  }

  /** By its length first, which is known. Pictures are looked for only where that would not fit: they are long, and come to little. */
  function admit(tokens: number): Admission | Jam {
    const answer = rates.admit(lanes, { endpoint, requests: 1, tokens })
    if (answer.kind === 'admission' || answer.lane.rate.unit !== 'tokens') return answer
    const fewer = estimateInput(body)
    return fewer < tokens ? rates.admit(lanes, { endpoint, requests: 1, tokens: fewer }) : answer
  }

  function refusalFor(jam: Jam): GatewayError {
    const { clock, limits } = parts
    return rateRefusal(jam, { caller: exchange.caller, organisation: limits.organisation(), now: clock.now() })
  }
}

/** One request that has been let in, until its answer has ended or its client has left. */
export class Visit implements Reply {
  readonly #reply: Reply
  readonly #signal: AbortSignal
  readonly #pass: Pass | undefined
  readonly #admission: Admission
  #tokens = 0

  constructor(reply: Reply, signal: AbortSignal, pass: Pass | undefined, admission: Admission) {
    this.#reply = reply
    this.#signal = signal
    this.#pass = pass
    this.#admission = admission
    if (signal.aborted) this.#onLeave()
    else signal.addEventListener('abort', this.#onLeave, { once: true })
  }

  /** To be told of the tokens of every call that was made. */
  readonly noteTokens = (tokens: number): void => {
    this.#tokens += tokens
  }

  head(head: ReplyHead): void {
    this.#reply.head(head)
  }

  chunk(bytes: Buffer): void {
    this.#reply.chunk(bytes)
  }

  end(ending: Ending): void {
    this.finish()
    this.#reply.end(ending)
  }

  fail(error: GatewayError, by: Breaker, headers?: HeaderLines): void {
    this.finish()
    this.#reply.fail(error, by, headers)
  }

  /** Makes room for others, and puts what was used in the place of what was expected. Safe to call twice. */
  finish(): void {
    this.#signal.removeEventListener('abort', this.#onLeave)
    this.#pass?.leave()
    this.#admission.correct(this.#tokens)
  }

  /** Whatever is still running hears of it in this moment too, and tells what it has used. */
  readonly #onLeave = (): void => {
    this.#pass?.leave()
    queueMicrotask(() => this.finish())
  }
}
