import { GatewayError } from '../../core/errors.ts'
import type { HeaderLines } from '../../core/headers.ts'
import type { Attempt, Breaker, Ending, Reply, ReplyHead } from '../exchange.ts'
import type { Stage } from '../stage.ts'

/** Errors are short; what goes on longer than this is let through as it comes. */
const HELD_BYTES_MAX = 64 * 1024

/**
 * Keeps an upstream's error back when it repeats the credential it was sent, as some hosts do with a key they do not like. Every other
 * error passes unchanged, once it is whole. A compressed one is not looked into: plain was asked for.
 */
export function withhold(): Stage<Attempt> {
  return (next) =>
    function withhold(exchange, reply) {
      const credential = exchange.target.upstream.credential()?.key
      return next(
        exchange,
        credential === undefined ? reply : new Screened(reply, credential, exchange.target.upstream.slug),
      )
    }
}

class Screened implements Reply {
  readonly #reply: Reply
  readonly #credential: string
  readonly #slug: string
  /** The error that is looked at before anybody sees it; undefined when there is nothing to look at. */
  #held: { readonly head: ReplyHead; readonly chunks: Buffer[]; bytes: number } | undefined
  /** The client has been told; what still comes from the upstream is dropped. */
  #isWithheld = false

  constructor(reply: Reply, credential: string, slug: string) {
    this.#reply = reply
    this.#credential = credential
    this.#slug = slug
  }

  head(head: ReplyHead): void {
    if (head.status < 400) this.#reply.head(head)
    else this.#held = { head, chunks: [], bytes: 0 }
  }

  chunk(bytes: Buffer): void {
    if (this.#held === undefined) {
      if (!this.#isWithheld) this.#reply.chunk(bytes)
      return
    }
    this.#held.chunks.push(bytes)
    this.#held.bytes += bytes.length
    if (this.#held.bytes > HELD_BYTES_MAX) this.#letGo()
  }

  end(ending: Ending): void {
    this.#letGo()
    if (!this.#isWithheld) this.#reply.end(ending)
  }

  fail(error: GatewayError, by: Breaker, headers?: HeaderLines): void {
    this.#letGo()
    if (!this.#isWithheld) this.#reply.fail(error, by, headers)
  }

  /** Passes on what was held, unless it repeats the credential. */
  #letGo(): void {
    if (this.#held === undefined) return
    const { head, chunks } = this.#held
    this.#held = undefined
    this.#isWithheld =
      head.headers.some((line) => line.includes(this.#credential)) || Buffer.concat(chunks).includes(this.#credential)
    if (this.#isWithheld) {
      this.#reply.fail(this.#refusal(head.status), 'upstream')
      return
    }
    this.#reply.head(head)
    for (const chunk of chunks) this.#reply.chunk(chunk)
  }

  #refusal(status: number): GatewayError {
    return new GatewayError(
      'upstream.repeated_credential',
      `Provider @${this.#slug} answered with an error that repeats the gateway’s own credential, so it is not passed on. Tell whoever runs the gateway.`,
      { detail: `status ${status}` },
    )
  }
}
