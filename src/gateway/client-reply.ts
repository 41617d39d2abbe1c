import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../core/clock.ts'
import type { GatewayError } from '../core/errors.ts'
import type { HeaderLines } from '../core/headers.ts'
import type { Id } from '../core/ids.ts'
import type { Breaker, Ending, Flow, Reply, ReplyHead } from './exchange.ts'
import { sendRefusal } from './refusal.ts'
import { EventBoundary } from './stream/event-boundary.ts'
import { errorEvent } from './stream/own-events.ts'

export interface ClientReplyParts {
  readonly clock: Clock
  /** Milliseconds for which a client may leave bytes unread before it counts as gone. */
  readonly clientStallMs: number
}

/**
 * The last reply in the chain: what is pushed here is written to the client's socket. The head waits for the first byte
 * of the body, so that an upstream which breaks before it still gives the client a clean status.
 */
export class ClientReply implements Reply {
  readonly #id: Id<'request'>
  readonly #response: ServerResponse
  readonly #parts: ClientReplyParts
  readonly #boundary = new EventBoundary()
  #waitingHead: ReplyHead | undefined
  #flow: Flow | undefined
  #isEventStream = false
  #isOver = false
  #stall: Timer | undefined

  constructor(id: Id<'request'>, response: ServerResponse, parts: ClientReplyParts) {
    this.#id = id
    this.#response = response
    this.#parts = parts
  }

  head(head: ReplyHead): void {
    this.#flow = head.flow
    this.#isEventStream = head.eventStream
    this.#waitingHead = head
  }

  chunk(bytes: Buffer): void {
    if (this.#isOver || this.#response.destroyed) return
    this.#sendHead()
    if (this.#isEventStream) this.#boundary.push(bytes)
    if (!this.#response.write(bytes)) this.#waitForClient()
  }

  end(_ending: Ending): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#sendHead()
    this.#response.end()
    this.#awaitDelivery()
  }

  fail(error: GatewayError, by: Breaker, headers: HeaderLines = []): void {
    if (this.#isOver) return
    this.#isOver = true
    const response = this.#response
    if (by === 'client' || response.destroyed) {
      response.destroy()
    } else if (!response.headersSent) {
      sendRefusal(response, error, this.#id, headers)
    } else if (this.#isEventStream && this.#boundary.isBetweenEvents) {
      response.end(errorEvent(error))
    } else {
      // Inside an event nothing can be said: whatever is added becomes part of it. The cut itself is the message.
      response.destroy()
    }
    this.#awaitDelivery()
  }

  #sendHead(): void {
    const head = this.#waitingHead
    if (head === undefined) return
    this.#waitingHead = undefined
    this.#response.writeHead(head.status, ['request-id', this.#id, ...head.headers])
  }

  /** All has been said. A client that leaves the last bytes unread counts as gone after the same time as before. */
  #awaitDelivery(): void {
    const response = this.#response
    if (response.destroyed || response.writableLength === 0) {
      this.#stall?.cancel()
      return
    }
    this.#stall ??= this.#parts.clock.after(this.#parts.clientStallMs, () => response.destroy())
    response.once('close', () => this.#stall?.cancel())
  }

  /** The socket is full: hold the source until the client has read, so that memory per stream stays bounded. */
  #waitForClient(): void {
    if (this.#stall !== undefined) return
    this.#flow?.pause()
    this.#stall = this.#parts.clock.after(this.#parts.clientStallMs, () => this.#response.destroy())
    this.#response.once('drain', () => {
      this.#stall?.cancel()
      this.#stall = undefined
      this.#flow?.resume()
    })
  }
}
