import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../core/clock.ts'
import { GatewayError, toGatewayError } from '../core/errors.ts'
import type { HeaderLines } from '../core/headers.ts'
import { newRequestId } from '../core/ids.ts'
import { ClientReply } from './client-reply.ts'
import { Dismissal, departureError } from './departure.ts'
import type { Content, Endpoint, Inbound, Trail } from './exchange.ts'
import { answerModels } from './models.ts'
import type { GatewayParts, Keys } from './parts.ts'
import { createPipeline } from './pipeline.ts'
import { sendRefusal } from './refusal.ts'
import { findCaller } from './stages/authenticate.ts'
import { answerSpending } from './spend-screen.ts'
import type { Serve } from './stage.ts'
import { explainWrongPath } from './wrong-path.ts'

export interface DataPlaneParts extends GatewayParts {
  /** Milliseconds for which a client may leave bytes unread before it counts as gone. */
  readonly clientStallMs: number
  /** Whether an exchange that is under way ends with its key, or with the suspension of whose key it is. */
  endsRunning(): boolean
  /** How the running version calls itself. */
  readonly version: string
  /** Says whether the store answers; asked by `/readyz`. */
  isReady(): Promise<boolean>
}

export interface DataPlane {
  /**
   * Refuses new exchanges, waits for the running ones until `limitMs` have passed, then ends those as well. Resolves when
   * none is left.
   */
  drain(limitMs: number): Promise<void>
  /** Exchanges under way. */
  readonly running: number
}

/** An exchange under way: the connection that it is on, and what its caller showed to be let in. */
interface Running {
  readonly socket: Socket
  readonly headers: HeaderLines
}

/** Mounts the Anthropic-shaped face of the gateway: Messages, token counts, models, and the signs of life. */
export function registerDataPlane(app: FastifyInstance, parts: DataPlaneParts): DataPlane {
  const exchanges = new Exchanges(parts)

  for (const endpoint of ['messages', 'count_tokens'] as const) {
    const url = endpoint === 'messages' ? '/v1/messages' : '/v1/messages/count_tokens'
    app.route({
      method: 'POST',
      url,
      // Taken over before Fastify reads the body: the pipeline reads it itself, once it knows who asks.
      onRequest(request, reply) {
        reply.hijack()
        exchanges.serve(endpoint, request.raw, reply.raw)
      },
      handler: unreachable,
    })
    app.route({
      method: ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url,
      onRequest(request, reply) {
        const error = new GatewayError('request.method', `${request.method} does not exist here: send POST ${url}.`)
        reply.raw.setHeader('allow', 'POST')
        refuse(reply.raw, parts.clock, error, () => void reply.hijack())
      },
      handler: unreachable,
    })
  }

  app.get('/v1/models', (request, reply) => {
    try {
      const id = newRequestId(parts.clock.now())
      void reply.header('request-id', id).send(answerModels(parts, request.raw, request.url))
    } catch (thrown) {
      refuse(reply.raw, parts.clock, toGatewayError(thrown), () => void reply.hijack())
    }
  })

  app.get('/api/oauth/usage', (request, reply) => {
    try {
      void reply.send(answerSpending(parts, request.raw))
    } catch (thrown) {
      refuse(reply.raw, parts.clock, toGatewayError(thrown), () => void reply.hijack())
    }
  })

  // Claude Code warms its connection up with this, without a credential.
  app.route({
    method: ['GET', 'HEAD'],
    url: '/api/hello',
    handler: (_request, reply) => reply.send({ message: 'hello' }),
  })

  app.get('/livez', () => ({ status: 'live' }))
  app.get('/readyz', async (_request, reply) => {
    if (exchanges.isDraining) return reply.code(503).header('retry-after', '2').send({ status: 'draining' })
    if (!(await parts.isReady())) return reply.code(503).send({ status: 'store unavailable' })
    return { status: 'ready' }
  })
  // Portkey's own, in its words.
  app.get('/v1/health', () => ({ status: 'success', message: 'Server is healthy', version: parts.version }))

  // Before the body is looked at: a prompt of two megabytes on a wrong path has to hear of the path, not of its size.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) answerWrongPath(request, reply, parts.clock)
    else done()
  })

  return exchanges
}

/** Answers a path that nobody serves, or that is not even spelt as one. */
export function answerWrongPath(request: FastifyRequest, reply: FastifyReply, clock: Clock): void {
  const explained = explainWrongPath(request.method, request.url, request.raw.rawHeaders)
  if (explained.kind === 'portkey') void reply.code(404).send({ message: 'Not Found', ok: false })
  else refuse(reply.raw, clock, explained.error, () => void reply.hijack())
}

/** Every exchange under way, so that a shutdown can wait for them, and none outlasts its key. */
class Exchanges implements DataPlane {
  readonly #parts: DataPlaneParts
  readonly #pipeline: Serve<Inbound>
  readonly #running = new Map<AbortController, Running>()
  /** Of whoever waits for the end of all exchanges; a shutdown may be asked for twice. */
  #empty: PromiseWithResolvers<void> | undefined
  isDraining = false

  constructor(parts: DataPlaneParts) {
    this.#parts = parts
    this.#pipeline = createPipeline(parts)
    parts.keys.onChange(() => this.#dismiss())
  }

  get running(): number {
    return this.#running.size
  }

  serve(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse): void {
    const { clock } = this.#parts
    if (this.isDraining) {
      const error = new GatewayError('gateway.draining', 'This gateway is shutting down. Send the request again.', {
        retryAfterSeconds: 2,
      })
      response.shouldKeepAlive = false
      refuse(response, clock, error)
      return
    }
    const departure = new AbortController()
    this.#running.set(departure, { socket: request.socket, headers: request.rawHeaders })
    response.once('close', () => {
      this.#running.delete(departure)
      if (!response.writableFinished) departure.abort('client')
      if (this.#running.size === 0) this.#empty?.resolve()
    })
    const receivedAt = clock.now()
    const id = newRequestId(receivedAt)
    const reply = new ClientReply(id, response, this.#parts)
    const inbound: Inbound = {
      id,
      endpoint,
      receivedAt,
      startedAt: clock.monotonic(),
      query: queryOf(request.url ?? ''),
      headers: request.rawHeaders,
      content: contentOf(request, departure),
      signal: departure.signal,
      trail: NO_TRAIL,
    }
    // The record stage turns whatever is thrown into a refusal, so this promise has nothing left to reject with.
    void this.#pipeline(inbound, reply)
  }

  async drain(limitMs: number): Promise<void> {
    this.isDraining = true
    if (this.#running.size === 0) return
    this.#empty ??= Promise.withResolvers()
    const limit = this.#parts.clock.after(limitMs, () => this.#endAll())
    await this.#empty.promise
    limit.cancel()
  }

  /** Tells every client that it is over. Whoever does not read that is cut off, so that a shutdown always comes to its end. */
  #endAll(): void {
    for (const departure of this.#running.keys()) departure.abort('shutdown')
    this.#parts.clock.after(LAST_WORDS_MS, () => {
      for (const { socket } of this.#running.values()) socket.destroy()
    })
  }

  /** Ends the exchanges of callers who would not be let in any more. What was used is charged, as for a client that has left. */
  #dismiss(): void {
    if (!this.#parts.endsRunning()) return
    for (const [departure, { headers }] of this.#running) {
      const error = whyDismissed(this.#parts.keys, headers)
      if (error !== undefined) departure.abort(new Dismissal(error))
    }
  }
}

/** Taken away, and not run out: a key that expires, or whose rotation is over, still ends what it has begun. */
const DISMISSALS: ReadonlySet<string> = new Set(['key.revoked', 'key.unknown', 'user.suspended'])

function whyDismissed(keys: Keys, headers: HeaderLines): GatewayError | undefined {
  try {
    findCaller(keys, headers)
    return undefined
  } catch (thrown) {
    const error = toGatewayError(thrown)
    return DISMISSALS.has(error.code) ? error : undefined
  }
}

/** How long a client may take to read why its exchange was ended. */
const LAST_WORDS_MS = 1_000

/** Stands in until the record stage puts its own in place. */
const NO_TRAIL: Trail = { note: () => undefined }

function queryOf(url: string): string {
  const at = url.indexOf('?')
  return at === -1 ? '' : url.slice(at)
}

/** A refusal outside the pipeline: for what has no exchange yet. */
function refuse(response: ServerResponse, clock: Clock, error: GatewayError, hijack?: () => void): void {
  hijack?.()
  sendRefusal(response, error, newRequestId(clock.now()))
}

function contentOf(request: IncomingMessage, departure: AbortController): Content {
  return {
    read(bytesMax) {
      const declared = Number(request.headers['content-length'])
      if (declared > bytesMax) return Promise.reject(tooLarge(bytesMax))
      return new Promise((resolve, reject) => {
        let chunks: Buffer[] = []
        let length = 0
        request.on('data', (chunk: Buffer) => {
          length += chunk.length
          if (length <= bytesMax) {
            chunks.push(chunk)
            return
          }
          // What still comes is read and dropped, so that the client gets to read the refusal.
          chunks = []
          reject(tooLarge(bytesMax))
        })
        request.once('end', () => {
          resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
          // The request lives as long as its answer, which may take minutes; its chunks need not.
          chunks = []
        })
        request.once('close', () => {
          if (!request.complete) departure.abort('client')
        })
        departure.signal.addEventListener('abort', () => reject(departureError(departure.signal)), { once: true })
      })
    },
  }
}

function tooLarge(bytesMax: number): GatewayError {
  return new GatewayError(
    'request.too_large',
    `The request is larger than ${Math.floor(bytesMax / 1_048_576)} MB. Run /compact, or attach less.`,
  )
}

function unreachable(): never {
  throw new Error('The exchange was taken over before this handler.')
}
