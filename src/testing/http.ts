import { request as httpRequest } from 'node:http'
import type { HeaderLines } from '../core/headers.ts'

/** A request of a test. Header lines go out exactly as given, with `content-length` and `host` added. */
export interface HttpRequest {
  readonly method?: string
  readonly headers?: HeaderLines
  readonly body?: Buffer | string
}

/** An answer with its raw bytes, however it ended. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: HeaderLines
  /** Everything that arrived, also of an answer that broke off. */
  readonly body: Buffer
  /** The answer's framing was complete when it ended. */
  readonly whole: boolean
}

/** A running request: its answer, and the way to leave early. */
export interface HttpExchange {
  /** Rejects only if no head ever came. */
  readonly answer: Promise<HttpAnswer>
  /** Resolves with the first bytes of the body. */
  readonly firstBytes: Promise<Buffer>
  /** Closes the socket at once, as a client that was interrupted does. */
  leave(): void
}

/** Sends one request on a connection of its own and keeps every byte of the answer. */
export function send(url: string, { method = 'POST', headers = [], body = '' }: HttpRequest = {}): HttpExchange {
  const bytes = Buffer.from(body)
  const outgoing = httpRequest(url, {
    method,
    agent: false,
    headers: ['host', new URL(url).host, ...headers, 'content-length', String(bytes.length)],
  })
  let resolveFirst: (bytes: Buffer) => void = () => {}
  const firstBytes = new Promise<Buffer>((resolve) => {
    resolveFirst = resolve
  })
  const answer = new Promise<HttpAnswer>((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      const pieces: Buffer[] = []
      incoming.on('data', (piece: Buffer) => {
        if (pieces.push(piece) === 1) resolveFirst(piece)
      })
      // A connection that breaks inside the body is an answer that is not whole, not an error of the test.
      incoming.on('error', () => {})
      incoming.on('close', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.rawHeaders,
          body: Buffer.concat(pieces),
          whole: incoming.complete,
        }),
      )
    })
  })
  outgoing.end(bytes)
  return { answer, firstBytes, leave: () => outgoing.destroy() }
}

/** Sends a JSON document. */
export function sendJson(url: string, document: unknown, headers: HeaderLines = []): HttpExchange {
  return send(url, { headers: ['content-type', 'application/json', ...headers], body: JSON.stringify(document) })
}
