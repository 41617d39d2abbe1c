import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Clock } from '../core/clock.ts'

/** What came back from a gateway, or why nothing did. */
export type Answer = Answered | Unreached

export interface Answered {
  readonly reached: true
  readonly status: number
  /** By lower-case name; the first value where one repeats. */
  readonly header: (name: string) => string | undefined
  readonly body: string
  /** The body as JSON; undefined if it is none. */
  readonly json: unknown
  /** From sending to the last byte. */
  readonly elapsedMs: number
}

export interface Unreached {
  readonly reached: false
  readonly why: 'name' | 'refused' | 'tls' | 'timeout' | 'broken'
  /** The system's own code, such as `ECONNREFUSED`. */
  readonly code: string
}

/** The largest honest answer is an organisation as a file; what is larger does not come from a gateway. */
const BODY_BYTES_MAX = 4 * 1024 * 1024

/** What to send where. */
export interface Outgoing {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON. */
  readonly body?: string | undefined
  readonly timeoutMs: number
}

/** Sends one request on a connection of its own. Follows no redirect: a key goes where it was meant to go, or nowhere. */
export function send({ method, url, headers, body, timeoutMs }: Outgoing, clock: Clock): Promise<Answer> {
  const target = new URL(url)
  const request = target.protocol === 'https:' ? requestHttps : requestHttp
  const length =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve) => {
    const begun = clock.monotonic()
    const outgoing = request(
      target,
      { method, headers: { accept: 'application/json', ...headers, ...length }, agent: false },
      (incoming) => {
        const chunks: Buffer[] = []
        let bytes = 0
        incoming.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > BODY_BYTES_MAX) incoming.destroy(Object.assign(new Error('too large'), { code: 'ETOOLARGE' }))
          else chunks.push(chunk)
        })
        incoming.on('error', fail)
        incoming.on('end', () => {
          timer.cancel()
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({
            reached: true,
            status: incoming.statusCode ?? 0,
            header: (name) => {
              const value = incoming.headers[name]
              return Array.isArray(value) ? value[0] : value
            },
            body: text,
            json: parse(text),
            elapsedMs: clock.monotonic() - begun,
          })
        })
      },
    )
    const timer = clock.after(timeoutMs, () => outgoing.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })))
    outgoing.on('error', fail)
    outgoing.end(body)

    function fail(error: NodeJS.ErrnoException): void {
      timer.cancel()
      const code = error.code ?? error.message
      resolve({ reached: false, why: classify(code), code })
    }
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function classify(code: string): Unreached['why'] {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'name'
  if (code === 'ECONNREFUSED') return 'refused'
  if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'timeout'
  // OpenSSL's verdicts have names of their own; Node's begin with ERR_TLS or ERR_SSL; EPROTO is TLS against plain http.
  if (/CERT|ERR_TLS|ERR_SSL|SELF_SIGNED|UNABLE_TO_|EPROTO|SSL/.test(code)) return 'tls'
  return 'broken'
}
