import type { Clock, Timer } from '../../core/clock.ts'
import type { GatewayError } from '../../core/errors.ts'
import type { HeaderLines } from '../../core/headers.ts'
import type { Admitted, Breaker, Ending, Flow, Reply, ReplyHead } from '../exchange.ts'
import { eventStreamHeaders } from '../response-headers.ts'
import type { Stage } from '../stage.ts'
import { EventBoundary } from '../stream/event-boundary.ts'
import { errorEventFrom, PING } from '../stream/own-events.ts'

/** An error body that arrives after the reply was opened is turned into an event; more than this of it is not an error text. */
const ERROR_BODY_BYTES_MAX = 64 * 1024

/**
 * Speaks up while the upstream is silent: a `ping` after every `pingMs` without a byte. Claude Code gives a stream up after
 * 300 s of silence, and some upstreams never ping.
 *
 * Also before the upstream's head: the reply is then opened with 200 and pings. No message has begun with that, so another
 * target may still answer; but an error that comes later has to travel as an event, because the status is spent.
 */
export function keepAlive(clock: Clock, pingMs: number): Stage<Admitted> {
  return (next) =>
    async function keepAlive(exchange, reply) {
      if (!exchange.streaming || exchange.endpoint !== 'messages') return next(exchange, reply)
      const open = new KeptAlive(reply, clock, pingMs)
      try {
        await next(exchange, open)
      } catch (error) {
        open.stop()
        throw error
      }
    }
}

class KeptAlive implements Reply {
  readonly #reply: Reply
  readonly #clock: Clock
  readonly #pingMs: number
  readonly #boundary = new EventBoundary()
  #timer: Timer
  #quietSince: number
  /** Whose head the client has: nobody's, the upstream's, or one of ours because the upstream was silent. */
  #opened: 'no' | 'by upstream' | 'by us' = 'no'
  /** Events of ours may be added: nothing has come yet, or a stream of plain events. */
  #mayAdd = true
  #flow: Flow | undefined
  #paused = false
  /** The body of an error answer that came after we had opened the reply. */
  #lateError: Buffer[] | undefined
  #lateErrorBytes = 0

  constructor(reply: Reply, clock: Clock, pingMs: number) {
    this.#reply = reply
    this.#clock = clock
    this.#pingMs = pingMs
    this.#quietSince = clock.monotonic()
    this.#timer = clock.after(pingMs, () => this.#onTimer())
  }

  head(head: ReplyHead): void {
    this.#quietSince = this.#clock.monotonic()
    this.#flow = head.flow
    if (this.#opened === 'no') {
      this.#opened = 'by upstream'
      this.#mayAdd = head.eventStream && head.status === 200
      if (!this.#mayAdd) this.stop()
      this.#reply.head({ ...head, flow: this.#valve })
      return
    }
    if (this.#paused) head.flow.pause()
    if (!head.eventStream || head.status !== 200) this.#lateError = []
  }

  chunk(bytes: Buffer): void {
    if (this.#lateError !== undefined) {
      this.#lateErrorBytes += bytes.length
      if (this.#lateErrorBytes <= ERROR_BODY_BYTES_MAX) this.#lateError.push(bytes)
      return
    }
    if (this.#mayAdd) {
      this.#quietSince = this.#clock.monotonic()
      this.#boundary.push(bytes)
    }
    this.#reply.chunk(bytes)
  }

  end(ending: Ending): void {
    this.stop()
    if (this.#lateError !== undefined) this.#reply.chunk(errorEventFrom(Buffer.concat(this.#lateError)))
    this.#reply.end(this.#lateError === undefined ? ending : 'broken')
  }

  fail(error: GatewayError, by: Breaker, headers?: HeaderLines): void {
    this.stop()
    this.#reply.fail(error, by, headers)
  }

  stop(): void {
    this.#timer.cancel()
  }

  #onTimer(): void {
    const quietMs = this.#clock.monotonic() - this.#quietSince
    if (quietMs >= this.#pingMs) this.#ping()
    const nextMs = quietMs >= this.#pingMs ? this.#pingMs : this.#pingMs - quietMs
    this.#timer = this.#clock.after(nextMs, () => this.#onTimer())
  }

  #ping(): void {
    // A client that does not read has bytes waiting for it; more of them would only grow its queue.
    if (this.#paused || !this.#boundary.isBetweenEvents) return
    if (this.#opened === 'no') {
      this.#opened = 'by us'
      this.#reply.head({ status: 200, headers: eventStreamHeaders, eventStream: true, flow: this.#valve })
    }
    this.#quietSince = this.#clock.monotonic()
    this.#reply.chunk(PING)
  }

  /** What the client's side holds: stays the same when the source behind it is replaced. */
  readonly #valve: Flow = {
    pause: () => {
      this.#paused = true
      this.#flow?.pause()
    },
    resume: () => {
      this.#paused = false
      this.#flow?.resume()
    },
    abort: () => this.#flow?.abort(),
  }
}
