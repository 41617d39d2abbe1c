import type { AccessToken } from './access-tokens.ts'
import { unavailable, type ExchangeAnswer } from './token-exchange.ts'

/** Without `expires_in` the standard leaves the end open (RFC 6749, 5.1); both Google and Microsoft give about an hour. */
const LIFETIME_SECONDS = 3600

/**
 * Reads the answer of a token server (RFC 6749, 5.1 and 5.2). Throws `credential.unavailable` with the server's reason; `who` begins its
 * sentence. Token servers do not repeat secrets in `error_description`, but it is cut to a line all the same.
 */
export function readTokenAnswer({ status, text }: ExchangeAnswer, nowMs: number, who: string): AccessToken {
  const answer = parse(text)
  const token = answer['access_token']
  if (status !== 200 || typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    const words = [answer['error'], answer['error_description']].filter((word) => typeof word === 'string')
    throw unavailable(
      `${who} answered ${status}${words.length > 0 ? `: ${oneLine(words.join(', '))}` : ' without a token that a header can hold'}`,
    )
  }
  const lifetime = Number(answer['expires_in'] ?? LIFETIME_SECONDS)
  return { token, expiresAt: nowMs + (Number.isFinite(lifetime) ? Math.max(0, lifetime) : LIFETIME_SECONDS) * 1000 }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const answer: unknown = JSON.parse(text)
    return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function oneLine(words: string): string {
  return words.replace(/\s+/g, ' ').slice(0, 300)
}
