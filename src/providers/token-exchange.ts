import { Agent, request } from 'undici'
import type { Clock } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import { checkHost } from '../core/hosts.ts'
import { publicLookup } from './transport.ts'

/** One question to a token server. */
export interface ExchangeRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface ExchangeAnswer {
  readonly status: number
  /** By lower-case names; a repeated header is joined with commas. */
  readonly headers: Readonly<Record<string, string>>
  /** At most 256 KB. */
  readonly text: string
}

/** The way to token servers: small questions, small answers, and an end to every wait. */
export interface TokenExchange {
  /** Any status is an answer. Throws `credential.unavailable` when there is none, or when the host may not be asked. */
  ask(question: ExchangeRequest): Promise<ExchangeAnswer>
  close(): Promise<void>
}

export interface TokenExchangeParts {
  readonly clock: Clock
  /** `TRUSTED_CUSTOM_HOSTS`: hosts that may be private, and may be asked without encryption. */
  readonly trustedHosts: readonly string[]
  /** Milliseconds for the whole exchange, by default 10,000. */
  readonly timeoutMs?: number
}

/**
 * Opens its own connections, because a token server is no provider: it gets no call of a client and its answer is never relayed. Redirects are
 * not followed. Reached are public hosts over https, hosts that an operator trusts, and the metadata services of the clouds, which exist
 * without encryption only.
 */
export function createTokenExchange({ clock, trustedHosts, timeoutMs = 10_000 }: TokenExchangeParts): TokenExchange {
  const limits = {
    allowH2: false,
    maxResponseSize: ANSWER_BYTES_MAX,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  }
  const publicHosts = new Agent({ ...limits, connect: { timeout: timeoutMs, lookup: publicLookup } })
  const knownHosts = new Agent({ ...limits, connect: { timeout: timeoutMs } })

  return {
    async ask({ method, url, headers = {}, body }) {
      const host = URL.canParse(url) ? new URL(url).host : 'an address that is none'
      const dispatcher = isKnown(url, trustedHosts) ? knownHosts : publicHosts
      const late = new AbortController()
      const timer = clock.after(timeoutMs, () => late.abort())
      try {
        const answer = await request(url, {
          dispatcher,
          method,
          headers: { accept: 'application/json', ...headers },
          ...(body !== undefined && { body }),
          signal: late.signal,
        })
        return { status: answer.statusCode, headers: joined(answer.headers), text: await answer.body.text() }
      } catch (error) {
        // The question holds the secret, and libraries like to print what they were given: only the kind of failure is told.
        throw unavailable(
          `${host} gave no token: ${late.signal.aborted ? `nothing came in ${timeoutMs} ms` : reasonOf(error)}`,
        )
      } finally {
        timer.cancel()
      }
    },
    async close() {
      await Promise.all([publicHosts.destroy(), knownHosts.destroy()])
    },
  }
}

/** What every failed proof looks like to the client; `detail` is for the operator. */
export function unavailable(detail: string): GatewayError {
  return new GatewayError(
    'credential.unavailable',
    'The gateway could not prove its identity to the provider. Your key is fine: tell whoever runs the gateway.',
    { detail },
  )
}

const ANSWER_BYTES_MAX = 256 * 1024

/** The names and the address of the clouds' metadata services. */
const METADATA_HOSTS: ReadonlySet<string> = new Set(['metadata.google.internal', '169.254.169.254'])

/** Whether the host may be private. Throws for one that may not be asked at all. */
function isKnown(url: string, trustedHosts: readonly string[]): boolean {
  if (URL.canParse(url)) {
    const { protocol, host } = new URL(url)
    if (protocol === 'http:' && METADATA_HOSTS.has(host)) return true
  }
  const verdict = checkHost(url.replace(/\?.*$/s, ''), trustedHosts)
  if (!verdict.allowed) throw unavailable(`The token server cannot be asked: ${verdict.reason}`)
  return verdict.trusted
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const lines = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value])
  return Object.fromEntries(lines.filter(([, value]) => value !== undefined))
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return code ?? error.name
}
