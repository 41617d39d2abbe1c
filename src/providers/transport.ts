import { type LookupAddress, lookup } from 'node:dns'
import { type LookupFunction, isIP } from 'node:net'
import { Readable } from 'node:stream'
import { type Dispatcher, Pool } from 'undici'
import { GatewayError } from '../core/errors.ts'
import { isPrivateAddress } from '../core/hosts.ts'
import { byteLength, joined } from '../core/pieces.ts'
import type { Transport, Upstream, UpstreamHandler, WireRequest } from './adapter.ts'

/**
 * The one place that opens connections to providers. HTTP/1.1 with a pool per host; redirects are not followed, and a host that an
 * administrator did not list by name is never reached at a private address, whatever its name resolves to at this moment.
 */
export function createHttpTransport(): Transport {
  const pools = new Map<string, Pool | undefined>()

  return {
    send(request, upstream, timeouts, handler) {
      const pool = poolFor(upstream, timeouts.connectMs)
      if (pool === undefined) {
        handler.fail(refusedHost(upstream))
        return
      }
      pool.dispatch(
        {
          origin: request.origin,
          path: request.path,
          method: request.method,
          headers: request.headers as string[],
          body: bodyOf(request),
          headersTimeout: timeouts.firstByteMs,
          bodyTimeout: timeouts.idleMs,
        },
        new PushingHandler(handler, request.origin),
      )
    },

    async close() {
      await Promise.all([...pools.values()].map(async (pool) => pool?.destroy()))
      pools.clear()
    },
  }

  /** Undefined for a host that is not to be reached. */
  function poolFor(upstream: Upstream, connectMs: number): Pool | undefined {
    const name = `${upstream.trustedHost ? 'trusted' : 'public'} ${upstream.origin}`
    if (!pools.has(name)) pools.set(name, needsTrust(upstream) ? undefined : openPool(upstream, connectMs))
    return pools.get(name)
  }
}

function openPool({ origin, trustedHost }: Upstream, connectMs: number): Pool {
  return new Pool(origin, {
    // HTTP/2 was measured no faster for a few long streams, and one lost connection would cut them all.
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    connect: {
      timeout: connectMs,
      ...(!trustedHost && { lookup: publicLookup }),
    },
  })
}

function bodyOf({ body }: WireRequest): Buffer | Readable {
  const bytes = byteLength(body)
  return bytes < LARGE_BODY_BYTES ? joined(body) : releasing(body, bytes)
}

/** From here on it pays to let go of a body once it is sent. */
const LARGE_BODY_BYTES = 64 * 1024

/**
 * Undici keeps the body of a request until the answer has ended, which would hold 300 KB for every stream that runs for minutes. Of a
 * readable it keeps only the empty shell, and because all of it is there already, undici can still tell its length.
 */
function releasing(pieces: readonly Buffer[], bytes: number): Readable {
  const readable = new Readable({ read: () => undefined, highWaterMark: bytes })
  for (const piece of pieces) readable.push(piece)
  readable.push(null)
  return readable
}

/**
 * A host that is written as an address is never looked up, so it is judged here. One without encryption was trusted when
 * it was saved, and is no longer.
 */
function needsTrust({ origin, trustedHost }: Upstream): boolean {
  if (trustedHost) return false
  const { protocol, hostname } = new URL(origin)
  const host = hostname.replace(/^\[|\]$/g, '')
  return protocol !== 'https:' || (isIP(host) !== 0 && isPrivateAddress(host))
}

function refusedHost({ slug }: Upstream): GatewayError {
  return new GatewayError(
    'upstream.refused_host',
    `The gateway does not contact the host of provider @${slug}: it is at a private address or has no encryption. An administrator can list it in TRUSTED_CUSTOM_HOSTS.`,
  )
}

/** Resolves names as usual, then leaves out every private address: a name may point elsewhere today than when it was saved. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error !== null) {
      callback(error, '', 0)
      return
    }
    const reachable = addresses.filter(({ address }) => !isPrivateAddress(address))
    const [first] = reachable
    if (first === undefined) callback(Object.assign(new Error(`${hostname} is private`), { code: PRIVATE }), '', 0)
    else if (options.all === true) callback(null, reachable)
    else callback(null, first.address, first.family)
  })
}

const PRIVATE = 'EPRIVATEADDRESS'

const INTERIM_ANSWERS_MAX = 16

/** Hands undici's callbacks on in the house's own words. */
class PushingHandler implements Dispatcher.DispatchHandler {
  readonly #handler: UpstreamHandler
  readonly #origin: string
  #hasHead = false
  #isAborted = false
  #interimAnswers = 0

  constructor(handler: UpstreamHandler, origin: string) {
    this.#handler = handler
    this.#origin = origin
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#handler.sent({
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      abort: () => {
        if (this.#isAborted) return
        this.#isAborted = true
        controller.abort(new Error('aborted'))
      },
    })
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // 1xx answers precede the real one. Each begins the wait for it anew, so they must not go on for ever.
    if (status < 200) {
      if (++this.#interimAnswers > INTERIM_ANSWERS_MAX) controller.abort(new Error('interim answers without an end'))
      return
    }
    this.#hasHead = true
    this.#handler.head(status, toLines(controller.rawHeaders))
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#isAborted) this.#handler.chunk(chunk)
  }

  onResponseEnd(): void {
    if (!this.#isAborted) this.#handler.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#isAborted) this.#handler.fail(explain(error, this.#origin, this.#hasHead))
  }
}

/** Undici gives the lines as buffers in the order of the wire; header text is Latin-1 by the standard. */
function toLines(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return []
  return raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')))
}

/** Undici's error codes, and the system's, in terms of what a developer or an operator can do. */
function explain(error: Error, origin: string, hasHead: boolean): GatewayError {
  const code = (error as NodeJS.ErrnoException).code ?? error.name
  const details = { cause: error, detail: `${code}: ${error.message} (${origin})` }
  // Claude Code waits as long as it is told; untold, its own pauses grow until it has tried for three minutes.
  const soonAgain = { ...details, retryAfterSeconds: 5 }
  switch (code) {
    case PRIVATE:
      return new GatewayError(
        'upstream.refused_host',
        'The provider’s host resolves to a private address, which the gateway does not contact. An administrator can list it in TRUSTED_CUSTOM_HOSTS.',
        details,
      )
    case 'UND_ERR_CONNECT_TIMEOUT':
      return new GatewayError('upstream.timeout', 'The provider could not be reached in time.', details)
    case 'UND_ERR_HEADERS_TIMEOUT':
      return new GatewayError('upstream.timeout', 'The provider did not begin to answer in time.', details)
    case 'UND_ERR_BODY_TIMEOUT':
      return new GatewayError('upstream.timeout', 'The provider fell silent in the middle of its answer.', details)
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new GatewayError('upstream.unreachable', 'The provider cannot be reached right now.', soonAgain)
    default:
      return hasHead
        ? new GatewayError('upstream.broken', 'The provider broke off in the middle of its answer.', details)
        : new GatewayError(
            'upstream.unreachable',
            'The connection to the provider failed before it answered.',
            soonAgain,
          )
  }
}
