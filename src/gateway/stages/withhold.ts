import { GatewayError } from '../../core/errors.ts'
import { type HeaderLines, header } from '../../core/headers.ts'
import type { Credential } from '../../providers/adapter.ts'
import type { Breaker, Ending, GuardedAttempt, PaidAttempt, Reply, ReplyHead } from '../exchange.ts'
import type { Stage } from '../stage.ts'
import { beginsError } from '../stream/begins-error.ts'

/** Errors are short; what goes on longer than this is let through as it comes, but for the few bytes in which a secret may have begun. */
const HELD_BYTES_MAX = 64 * 1024

/**
 * Keeps an upstream's error back when it repeats the credential it was sent, as some hosts do with a key they do not like, or the token that was
 * got for one. Every other error passes unchanged, once it is whole. A compressed one is not looked into: plain was asked for.
 */
export function withhold(): Stage<PaidAttempt, GuardedAttempt> {
  return (next) =>
    function withhold(exchange, reply) {
      const { upstream } = exchange.target
      const screened = new Screened(reply, secretsOf(upstream.credential()), upstream.slug)
      return next({ ...exchange, noteProof: (headers) => screened.watchFor(proofsIn(headers)) }, screened)
    }
}

/** Where tokens travel, most of which live for an hour. */
const PROOFS = ['authorization', 'x-amz-security-token', 'x-api-key'] as const

function proofsIn(headers: HeaderLines): readonly string[] {
  return PROOFS.map((name) => header(headers, name)?.replace(/^Bearer /, '') ?? '').filter(isLong)
}

/** A shorter one would be found in places where it was never written. */
const SECRET_CHARACTERS_MIN = 8

function isLong(secret: string): boolean {
  return secret.length >= SECRET_CHARACTERS_MIN
}

/** A credential is the same object every time, and a key file takes a while to take apart. */
const known = new WeakMap<Credential, readonly string[]>()

/** What must not come back: every secret of an account, also in the parts in which a message would quote it. */
function secretsOf(credential: Credential | undefined): readonly string[] {
  if (credential === undefined) return []
  const seen = known.get(credential)
  if (seen !== undefined) return seen
  const { vertex_service_account_json: file, ...plain } = credential
  const secrets = [...Object.values(plain), ...(file === undefined ? [] : privateLines(file))]
    .filter((secret) => secret !== undefined)
    .filter(isLong)
  known.set(credential, secrets)
  return secrets
}

/** The lines of the private key in a key file; everything else there is a name, which an error may tell. */
function privateLines(file: string): readonly string[] {
  const key = /"private_key"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(file)?.[1] ?? ''
  return key.split(/\\n|\n/).filter((line) => line !== '' && !line.startsWith('-----'))
}

class Screened implements Reply {
  readonly #reply: Reply
  #secrets: readonly string[]
  readonly #slug: string
  /** The error that is looked at before anybody sees it; undefined when there is nothing to look at. Without a head it is one in a stream. */
  #held: { readonly head: ReplyHead | undefined; readonly chunks: Buffer[]; bytes: number } | undefined
  #isStream = false
  #status = 0
  /** The end of what came so far of a longer error, in which a secret may have begun. */
  #tail: Buffer | undefined
  /** The client has been told; what still comes from the upstream is dropped. */
  #isWithheld = false

  constructor(reply: Reply, secrets: readonly string[], slug: string) {
    this.#reply = reply
    this.#secrets = secrets
    this.#slug = slug
  }

  watchFor(proofs: readonly string[]): void {
    const more = proofs.filter((proof) => !this.#secrets.includes(proof))
    if (more.length > 0) this.#secrets = [...this.#secrets, ...more]
  }

  head(head: ReplyHead): void {
    this.#isStream = head.eventStream
    this.#status = head.status
    if (head.status < 400) this.#reply.head(head)
    else this.#held = { head, chunks: [], bytes: 0 }
  }

  chunk(bytes: Buffer): void {
    if (this.#isWithheld) return
    if (this.#tail !== undefined) {
      this.#passOn(Buffer.concat([this.#tail, bytes]))
      return
    }
    if (this.#held === undefined) {
      if (!this.#isStream || !beginsError(bytes)) {
        this.#reply.chunk(bytes)
        return
      }
      this.#held = { head: undefined, chunks: [], bytes: 0 }
    }
    const held = this.#held
    held.chunks.push(bytes)
    held.bytes += bytes.length
    if (held.bytes > HELD_BYTES_MAX && held.head !== undefined) {
      this.#tail = Buffer.alloc(0)
      this.#letGo()
    } else if (held.bytes > HELD_BYTES_MAX || (held.head === undefined && endsEvent(held.chunks))) this.#letGo()
  }

  end(ending: Ending): void {
    this.#letGo()
    this.#letTailGo()
    if (!this.#isWithheld) this.#reply.end(ending)
  }

  fail(error: GatewayError, by: Breaker, headers?: HeaderLines): void {
    this.#letGo()
    this.#letTailGo()
    if (!this.#isWithheld) this.#reply.fail(error, by, headers)
  }

  /** Passes on what was held, unless it repeats the credential. */
  #letGo(): void {
    if (this.#held === undefined) return
    const { head, chunks } = this.#held
    this.#held = undefined
    const body = Buffer.concat(chunks)
    this.#isWithheld = this.#secrets.some(
      (secret) => body.includes(secret) || head?.headers.some((line) => line.includes(secret)) === true,
    )
    if (this.#isWithheld) {
      this.#reply.fail(this.#refusal(), 'upstream')
      return
    }
    if (head !== undefined) this.#reply.head(head)
    if (this.#tail === undefined) for (const chunk of chunks) this.#reply.chunk(chunk)
    else this.#passOn(body)
  }

  /** Of an error without an end: all but the bytes in which a secret may have begun. */
  #passOn(bytes: Buffer): void {
    this.#isWithheld = this.#secrets.some((secret) => bytes.includes(secret))
    if (this.#isWithheld) {
      this.#reply.fail(this.#refusal(), 'upstream')
      return
    }
    const longest = Math.max(0, ...this.#secrets.map((secret) => secret.length))
    const end = Math.max(0, bytes.length - longest)
    this.#tail = bytes.subarray(end)
    if (end > 0) this.#reply.chunk(bytes.subarray(0, end))
  }

  #letTailGo(): void {
    if (this.#tail !== undefined && this.#tail.length > 0 && !this.#isWithheld) this.#reply.chunk(this.#tail)
    this.#tail = undefined
  }

  #refusal(): GatewayError {
    return new GatewayError(
      'upstream.repeated_credential',
      `Provider @${this.#slug} answered with an error that repeats the gateway’s own credential, so it is not passed on. Tell whoever runs the gateway.`,
      { detail: `status ${this.#status}` },
    )
  }
}

/** Nothing of an event is held that is whole, as the upstream may not say another word. */
function endsEvent(chunks: readonly Buffer[]): boolean {
  const end = Buffer.concat(chunks).subarray(-4).toString('latin1')
  return end.endsWith('\n\n') || end === '\r\n\r\n'
}
