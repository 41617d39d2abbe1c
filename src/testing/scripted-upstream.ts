import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { systemClock, type Clock } from '../core/clock.ts'
import type { HeaderLines } from '../core/headers.ts'
import { addUsage } from '../core/read-usage.ts'
import { NO_USAGE, type TokenUsage } from '../core/usage.ts'
import { SANDBOX_MODELS } from '../providers/scripted/models.ts'
import { play } from '../providers/scripted/play.ts'
import { readAsk, type Ask } from '../providers/scripted/request.ts'
import type { Scene } from '../providers/scripted/scene.ts'
import { script } from '../providers/scripted/script.ts'

/** A real HTTP server that plays the scripted provider's scenes over sockets, and keeps everything that reached it. */
export interface ScriptedUpstream {
  /** `http://127.0.0.1:<port>`, without a path. */
  readonly origin: string
  /** In the order of arrival; a request stands here as soon as its body is whole. */
  readonly requests: readonly UpstreamRequest[]
  /** Resolves when so many requests have arrived. */
  arrived(count: number): Promise<void>
  /** The sum of what every request was billed so far. */
  billed(): TokenUsage
  /** Ends all connections. Rejects if something was called that the test had not declared. */
  stop(): Promise<void>
}

/** One request as it came over the wire, and how its answer went. */
export interface UpstreamRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: HeaderLines
  readonly body: Buffer
  /** What the scripts read of the body; undefined for a body that is no Messages request. */
  readonly ask: Ask | undefined
  /** Undefined until the head is out. */
  readonly status: number | undefined
  /** Body bytes handed to the socket so far. */
  readonly answer: Buffer
  /** What a provider would charge for it so far. */
  readonly billed: TokenUsage
  /** Resolves once the answer has ended, with who ended it. */
  readonly ended: Promise<'upstream' | 'client'>
}

export interface ScriptedUpstreamOptions {
  readonly port?: number
  readonly clock?: Clock
  /** Another scene than the one the model's name asks for; undefined leaves it at that. */
  readonly direct?: (request: UpstreamRequest, ordinal: number) => Scene | undefined
  /** Another model's behaviour than that of the one named. */
  readonly playAs?: (ask: Ask) => string | undefined
  /** A call that is not declared is answered with 501 and makes `stop` reject. Without this, everything is declared. */
  readonly declared?: (method: string, path: string) => boolean
  /** Keep bodies and answers. Off in benchmarks, where they would fill the memory. */
  readonly keep?: boolean
}

export async function startScriptedUpstream(options: ScriptedUpstreamOptions = {}): Promise<ScriptedUpstream> {
  const { clock = systemClock, direct, playAs, declared = () => true, keep = true } = options
  const requests: Recorded[] = []
  const undeclared: string[] = []
  const sockets = new Set<Socket>()
  const waiters = new Set<() => void>()

  const server = createServer((incoming, outgoing) => {
    const pieces: Buffer[] = []
    incoming.on('data', (piece: Buffer) => pieces.push(piece))
    incoming.on('end', () => serve(incoming, outgoing, Buffer.concat(pieces)))
    // A client that leaves while it sends is of no interest here; the one that matters is seen on the answer.
    incoming.on('error', () => {})
  })
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))

  function serve(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): void {
    const { method = 'GET', url: path = '/' } = incoming
    const request = new Recorded(
      method,
      path,
      incoming.rawHeaders,
      keep ? body : Buffer.alloc(0),
      readIfMessages(path, incoming, body),
    )
    const ordinal = requests.push(request) - 1
    for (const check of waiters) check()
    if (!declared(method, path)) undeclared.push(`${method} ${path}`)
    const scene = declared(method, path) ? sceneFor(request, body, ordinal) : plain(501, { error: 'undeclared' })
    perform(scene, request, outgoing)
  }

  function readIfMessages(path: string, incoming: IncomingMessage, body: Buffer): Ask | undefined {
    const endpoint = endpointOf(path)
    if (endpoint === undefined || (!keep && playAs === undefined && direct === undefined)) return undefined
    const ask = readAsk({ endpoint, headers: incoming.rawHeaders, body })
    return typeof ask === 'string' ? undefined : ask
  }

  function sceneFor(request: Recorded, body: Buffer, ordinal: number): Scene {
    const directed = direct?.(request, ordinal)
    if (directed !== undefined) return directed
    const endpoint = endpointOf(request.path)
    if (request.method === 'POST' && endpoint !== undefined) {
      const model = request.ask === undefined ? undefined : playAs?.(request.ask)
      return script({ endpoint, headers: request.headers, body, ...(model !== undefined && { playAs: model }) })
    }
    const [path] = request.path.split('?', 1)
    if (request.method === 'GET' && path === '/v1/models')
      return plain(200, { data: SANDBOX_MODELS.map(asListed), has_more: false })
    if (path === '/api/hello') return plain(200, {})
    return plain(404, { type: 'error', error: { type: 'not_found_error', message: `${request.method} ${path}` } })
  }

  function perform(scene: Scene, request: Recorded, outgoing: ServerResponse): void {
    const playback = play(scene, clock, {
      head(status, headers) {
        request.status = status
        outgoing.writeHead(status, headers as string[])
        outgoing.flushHeaders()
      },
      bytes(bytes, billed) {
        if (keep) request.pieces.push(bytes)
        if (billed !== undefined) request.billed = billed
        if (!outgoing.write(bytes)) playback.pause()
      },
      cut() {
        request.end('upstream')
        // What was written still arrives, and then the connection is gone in the middle of the message. A reset instead
        // would let the other side's kernel throw away bytes it had, so that no two runs were the same. Node holds the
        // writes of one turn back until the turn is over.
        process.nextTick(() => outgoing.socket?.destroySoon())
      },
      end() {
        request.end('upstream')
        outgoing.end()
      },
    })
    outgoing.on('drain', () => playback.resume())
    outgoing.on('close', () => {
      playback.stop()
      request.end('client')
    })
  }

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    arrived: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (requests.length < count) return
          waiters.delete(check)
          resolve()
        }
        waiters.add(check)
        check()
      }),
    billed: () => requests.reduce((total, { billed }) => addUsage(total, billed), NO_USAGE),
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      if (undeclared.length > 0) throw new Error(`The upstream was called undeclared: ${undeclared.join(', ')}`)
    },
  }
}

class Recorded implements UpstreamRequest {
  readonly method: string
  readonly path: string
  readonly headers: HeaderLines
  readonly body: Buffer
  readonly ask: Ask | undefined
  readonly pieces: Buffer[] = []
  readonly ended: Promise<'upstream' | 'client'>
  status: number | undefined
  billed: TokenUsage = NO_USAGE
  /** Says who ended the answer; only the first word counts. */
  end: (by: 'upstream' | 'client') => void = () => {}

  constructor(method: string, path: string, headers: HeaderLines, body: Buffer, ask: Ask | undefined) {
    this.method = method
    this.path = path
    this.headers = headers
    this.body = body
    this.ask = ask
    this.ended = new Promise((resolve) => {
      this.end = resolve
    })
  }

  get answer(): Buffer {
    return Buffer.concat(this.pieces)
  }
}

/** The two calls with a Messages body, under whatever base path. */
function endpointOf(path: string): 'messages' | 'count_tokens' | undefined {
  const [plainPath = ''] = path.split('?', 1)
  if (plainPath.endsWith('/messages/count_tokens')) return 'count_tokens'
  return plainPath.endsWith('/messages') ? 'messages' : undefined
}

function plain(status: number, document: unknown): Scene {
  const bytes = Buffer.from(JSON.stringify(document))
  const headers = ['content-type', 'application/json', 'content-length', String(bytes.length)]
  return { steps: [{ kind: 'head', status, headers }, { kind: 'bytes', bytes }, { kind: 'end' }] }
}

function asListed(model: (typeof SANDBOX_MODELS)[number]) {
  return { type: 'model', ...model, created_at: '2026-01-01T00:00:00Z' }
}
