import type { LookupFunction } from 'node:net'
import { Agent, type Dispatcher, request } from 'undici'
import type { Clock } from '../core/clock.ts'
import { checkHost } from '../core/hosts.ts'
import { notDelivered, type Receipt } from './receipt.ts'

/** The way to receivers of webhooks. */
export interface WebhookDelivery {
  /** Any answer in the two hundreds is a delivery. Never throws. */
  post(message: WebhookMessage, signal: AbortSignal): Promise<Receipt>
  close(): Promise<void>
}

export interface WebhookMessage {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface WebhookDeliveryParts {
  readonly clock: Clock
  /** `TRUSTED_CUSTOM_HOSTS`: hosts that may be private, and may be asked without encryption. */
  readonly trustedHosts: readonly string[]
  /** Resolves the names of all other hosts; leaves out private addresses. */
  readonly lookup: LookupFunction
}

/** Until an answer has to be there, connection and all. */
export const DELIVERY_TIMEOUT_MS = 10_000

/**
 * The one place that opens connections to receivers of alerts. Who they are was written by people who need not be administrators, so the same
 * rules hold as for a provider's host: nothing private that an operator has not listed, no redirects, and an end to every wait. Of an
 * answer no more than its beginning is read.
 */
export function createWebhookDelivery({ clock, trustedHosts, lookup }: WebhookDeliveryParts): WebhookDelivery {
  const limits = { allowH2: false, headersTimeout: DELIVERY_TIMEOUT_MS, bodyTimeout: DELIVERY_TIMEOUT_MS }
  const publicHosts = new Agent({ ...limits, connect: { timeout: DELIVERY_TIMEOUT_MS, lookup } })
  const trusted = new Agent({ ...limits, connect: { timeout: DELIVERY_TIMEOUT_MS } })

  return {
    async post({ url, headers, body }, signal) {
      const verdict = checkHost(withoutQuery(url), trustedHosts)
      if (!verdict.allowed) return notDelivered(`its host is not asked: ${verdict.reason}`)
      const late = new AbortController()
      const timer = clock.after(DELIVERY_TIMEOUT_MS, () => late.abort())
      try {
        const answer = await request(url, {
          dispatcher: verdict.trusted ? trusted : publicHosts,
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body,
          // An hour may pass until the next one.
          reset: true,
          signal: AbortSignal.any([late.signal, signal]),
        })
        return judge(answer.statusCode, await beginningOf(answer.body))
      } catch (error) {
        return notDelivered(late.signal.aborted ? `no answer in ${DELIVERY_TIMEOUT_MS / 1000} s` : reasonOf(error))
      } finally {
        timer.cancel()
      }
    },
    async close() {
      await Promise.all([publicHosts.destroy(), trusted.destroy()])
    },
  }
}

/** An address without its query, in which proofs of who may post stand. */
export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '')
}

function judge(status: number, said: string): Receipt {
  if (status >= 200 && status < 300) return { delivered: true, status, said, error: undefined }
  const isRedirect = status >= 300 && status < 400
  return {
    delivered: false,
    status,
    said,
    error: isRedirect ? `answered ${status}; redirects are not followed` : `answered ${status}`,
  }
}

const SAID_BYTES_MAX = 500

/** The status has been told by now, so whatever becomes of the rest changes nothing. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      // Leaving the loop closes the connection.
      if (bytes >= SAID_BYTES_MAX) break
    }
  } catch {
    // A receiver that breaks off, or is too slow to come to its end.
  }
  return Buffer.concat(chunks).subarray(0, SAID_BYTES_MAX).toString('utf8')
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return code === 'EPRIVATEADDRESS'
    ? 'its host resolves to a private address; an operator can list it in TRUSTED_CUSTOM_HOSTS'
    : `no answer: ${code}`
}
