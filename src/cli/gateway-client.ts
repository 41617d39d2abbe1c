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

export interface GatewayClient {
  /** `GET /v1/health`, without a credential. */
  health(): Promise<Answer>
  /** Model ids this key may use, in the gateway's order; empty if it does not say. */
  models(key: string): Promise<readonly string[]>
  /** The smallest possible message, one token long. */
  ping(key: string, model: string): Promise<Answer>
}

/** A health or model answer is a few kilobytes; what is larger does not come from a gateway. */
const BODY_BYTES_MAX = 4 * 1024 * 1024

/** Talks to the gateway at a base URL. Follows no redirect: Claude Code would not follow it either. */
export function createGatewayClient(parts: { url: string; version: string; clock: Clock }): GatewayClient {
  const { url, version, clock } = parts
  return {
    health: () => send('GET', '/v1/health', { timeoutMs: 10_000 }),

    async models(key) {
      const answer = await send('GET', '/v1/models?limit=1000', { key, timeoutMs: 10_000 })
      if (!answer.reached || answer.status !== 200) return []
      const data = member(answer.json, 'data')
      if (!Array.isArray(data)) return []
      return data.map((entry: unknown) => member(entry, 'id')).filter((id) => typeof id === 'string')
    },

    ping: (key, model) =>
      send('POST', '/v1/messages', {
        key,
        timeoutMs: 60_000,
        body: JSON.stringify({ model, max_tokens: 1, messages: [{ role: 'user', content: 'ping' }] }),
      }),
  }

  function send(
    method: string,
    path: string,
    { key, body, timeoutMs }: { key?: string; body?: string; timeoutMs: number },
  ): Promise<Answer> {
    const target = new URL(url + path)
    const request = target.protocol === 'https:' ? requestHttps : requestHttp
    const headers = {
      accept: 'application/json',
      'user-agent': `portcullis-cli/${version}`,
      ...(key === undefined ? {} : { authorization: `Bearer ${key}`, 'anthropic-version': '2023-06-01' }),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    }
    return new Promise((resolve) => {
      const begun = clock.monotonic()
      const outgoing = request(target, { method, headers, agent: false }, (incoming) => {
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
      })
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
}

/** A member of a JSON value, or undefined where there is none. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
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
