import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import { contentCoding, type HeaderLines } from '../core/headers.ts'
import { addClientEvents } from '../store/client-events.ts'
import { addClientCounts } from '../store/client-metrics.ts'
import type { Database } from '../store/database.ts'
import { encodeMessage } from './otlp-messages.ts'
import { OtlpRefusal } from './otlp-refusal.ts'
import { readEvents, type Taken } from './read-events.ts'
import { createMetricReader } from './read-metrics.ts'
import { BYTES_MAX, type Encoding, encodingOf, readBytes, readItems, type Signal } from './read-request.ts'
import type { Reporter } from './reporter.ts'
import { tellApart } from './tell-apart.ts'

export interface OtlpParts {
  readonly clock: Clock
  readonly db: Database
  /** Who holds the key of a request; throws a `GatewayError` for whoever has none. */
  readonly findCaller: (headers: HeaderLines) => Reporter
  /** Where the day of a moment begins for the organisation. */
  readonly dayOf: (moment: number) => number
  /** Told of what nobody expected. */
  readonly report: (problem: unknown) => void
}

export interface OtlpIntake {
  /** Events and data points since the start, and requests that were refused. */
  numbers(): Readonly<Record<Signal, { readonly taken: number; readonly rejected: number; readonly refused: number }>>
}

/** Bytes of bodies that are read at the same time. Beyond them clients are asked to come again. */
const READING_MAX = 8 * BYTES_MAX
const RETRY_SECONDS = 5

/**
 * Takes what clients tell of themselves over OpenTelemetry: OTLP over HTTP at `/v1/logs` and `/v1/metrics`. Answered when it is in the
 * store, so that what was answered is not lost. To be registered before other parts look at requests: `POST /v1/logs` is an endpoint of
 * the admin API as well (tell-apart.ts).
 */
export function registerOtlp(app: FastifyInstance, parts: OtlpParts): OtlpIntake {
  const counts = { logs: { taken: 0, rejected: 0, refused: 0 }, metrics: { taken: 0, rejected: 0, refused: 0 } }
  const takers = createTakers(parts)
  let reading = 0

  app.addHook('onRequest', (request, reply, done) => {
    const signal = request.method === 'POST' ? SIGNALS.get(request.url.split('?', 1)[0]!) : undefined
    if (signal === undefined) {
      done()
      return
    }
    const serve = () => {
      reply.hijack()
      void answer(signal, request.raw, reply.raw)
    }
    if (signal === 'metrics') serve()
    else tellApart(request.raw, (isOtlp) => (isOtlp ? serve() : done()))
  })

  return { numbers: () => counts }

  async function answer(signal: Signal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = encodingOf(request.headers['content-type'])
    reading += BYTES_MAX
    try {
      // Before the body is read: of whoever is not known nothing is.
      const by = parts.findCaller(request.rawHeaders)
      if (encoding === undefined) {
        throw new OtlpRefusal(415, 'content-type: is application/x-protobuf or application/json.')
      }
      if (reading > READING_MAX) throw new OtlpRefusal(503, 'Too much telemetry at once. Send it again later.')
      const coding = contentCoding(request.rawHeaders)
      const bytes = await readBytes(request)
      const items = await readItems(bytes, { signal, encoding, coding })
      const { taken, rejected, problem } = await takers[signal](items, by, bytes)
      counts[signal].taken += taken
      counts[signal].rejected += rejected
      const partial = { [REJECTED[signal]]: String(rejected), errorMessage: problem }
      respond(response, 200, encoding, ANSWERS[signal], rejected === 0 ? {} : { partialSuccess: partial })
    } catch (thrown) {
      counts[signal].refused++
      refuse(response, encoding ?? 'json', refusalOf(thrown))
    } finally {
      reading -= BYTES_MAX
    }
  }

  function refusalOf(thrown: unknown): OtlpRefusal {
    if (thrown instanceof OtlpRefusal) return thrown
    if (thrown instanceof GatewayError) return new OtlpRefusal(thrown.status, thrown.message)
    parts.report(thrown)
    return new OtlpRefusal(503, 'The telemetry could not be kept. Send it again later.')
  }
}

const SIGNALS: ReadonlyMap<string, Signal> = new Map([
  ['/v1/logs', 'logs'],
  ['/v1/metrics', 'metrics'],
])

const REJECTED = { logs: 'rejectedLogRecords', metrics: 'rejectedDataPoints' } as const
const ANSWERS = { logs: 'LogsResponse', metrics: 'MetricsResponse' } as const

/** Keeps what a request tells, and says how much of it was taken. */
type Take = (items: readonly unknown[], by: Reporter, bytes: Buffer) => Promise<TakenCount>

type TakenCount = Pick<Taken<unknown>, 'rejected' | 'problem'> & { readonly taken: number }

function createTakers({ db, clock, dayOf }: OtlpParts): Readonly<Record<Signal, Take>> {
  const readMetrics = createMetricReader(dayOf)
  const lately = createMemory(REMEMBERED_MAX)
  return {
    async logs(items, by) {
      const { items: events, rejected, problem } = readEvents(items, by, clock.now())
      await addClientEvents(db, events)
      return { taken: events.length, rejected, problem }
    },
    async metrics(items, by, bytes) {
      const { items: counts, taken, rejected, problem } = readMetrics(items, by, clock.now())
      // A client that has missed the answer sends the same bytes again, and a sum would count them twice.
      const print = createHash('sha256').update(by.keyId).update(bytes).digest('base64')
      if (!lately.has(print)) {
        await addClientCounts(db, counts)
        lately.add(print)
      }
      return { taken, rejected, problem }
    },
  }
}

/** Requests whose sums are remembered: some minutes of a thousand developers. */
const REMEMBERED_MAX = 10_000

/** A set that forgets what it has held longest. */
function createMemory(wordsMax: number) {
  const words = new Set<string>()
  return {
    has: (word: string) => words.has(word),
    add(word: string): void {
      words.add(word)
      if (words.size > wordsMax) words.delete(words.values().next().value!)
    },
  }
}

/** A Status of google.rpc, as OTLP asks for; only 503 is worth another try. */
function refuse(response: ServerResponse, encoding: Encoding, { status, message }: OtlpRefusal): void {
  if (response.headersSent || response.destroyed) return
  if (status === 503) response.setHeader('retry-after', RETRY_SECONDS)
  // The rest of a body that is not read cannot be skipped.
  if (status !== 503) response.setHeader('connection', 'close')
  respond(response, status, encoding, 'Status', { code: CODES.get(status) ?? 3, message })
}

/** Of google.rpc: UNAUTHENTICATED, PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNAVAILABLE; else INVALID_ARGUMENT. */
const CODES: ReadonlyMap<number, number> = new Map([
  [401, 16],
  [403, 7],
  [413, 8],
  [503, 14],
])

function respond(
  response: ServerResponse,
  status: number,
  encoding: Encoding,
  message: 'LogsResponse' | 'MetricsResponse' | 'Status',
  fields: Readonly<Record<string, unknown>>,
): void {
  const isJson = encoding === 'json'
  const body = isJson ? Buffer.from(JSON.stringify(fields)) : encodeMessage(message, fields)
  const contentType = isJson ? 'application/json' : 'application/x-protobuf'
  response.writeHead(status, { 'content-type': contentType, 'content-length': body.length }).end(body)
}
