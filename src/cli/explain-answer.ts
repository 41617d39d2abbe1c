import { member } from '../contract/answer.ts'
import type { Answer, Unreached } from './send.ts'
import type { TidyUrl } from './base-url.ts'

/** What went wrong, and what the reader can do about it: one sentence each. */
export interface Explanation {
  readonly what: string
  readonly fix: string
}

/** The good end of a ping. */
export interface Served {
  /** The model the answer names. */
  readonly model: string
  readonly requestId: string
  readonly elapsedMs: number
}

/** Reads the answer to a ping: it was served, or this is why not. */
export function readPing(answer: Answer, model: string, url: TidyUrl): Served | Explanation {
  if (!answer.reached) return explainUnreached(answer, url)
  if (answer.status !== 200) return explainRefusal(answer, model, url)
  const served = member(answer.json, 'model')
  if (member(answer.json, 'type') !== 'message' || typeof served !== 'string') {
    return { what: 'The answer was 200, but not a message of the Messages API.', fix: notAGateway(url) }
  }
  return { model: served, requestId: requestIdOf(answer) ?? 'none', elapsedMs: answer.elapsedMs }
}

/** Reads the answer of `GET /v1/health`: undefined if a gateway answered. */
export function explainHealth(answer: Answer, url: TidyUrl): Explanation | undefined {
  if (!answer.reached) return explainUnreached(answer, url)
  if (answer.status === 200 && member(answer.json, 'status') === 'success') return undefined
  const redirect = explainRedirect(answer)
  if (redirect !== undefined) return redirect
  if (answer.status >= 500) {
    return {
      what: `The server answers ${answer.status}.`,
      fix: 'Try again in a minute, then tell whoever runs the gateway.',
    }
  }
  return { what: `${url.url} answers, but it is not Portcullis (status ${answer.status}).`, fix: notAGateway(url) }
}

/** Why no answer came. */
export function explainUnreached({ why, code }: Unreached, { url, host }: TidyUrl): Explanation {
  switch (why) {
    case 'name':
      return {
        what: `There is no host named ${host} (${code}).`,
        fix: 'Check the spelling of the URL, and that the VPN is on.',
      }
    case 'refused':
      return { what: `Nothing listens at ${url} (${code}).`, fix: 'Check the port, and that the gateway is running.' }
    case 'timeout':
      return {
        what: `${url} did not answer in time (${code}).`,
        fix: 'Check that the VPN is on and no firewall is between. A model that is slow to start may need a second try.',
      }
    case 'tls':
      return {
        what: `No trusted TLS connection to ${host} (${code}).`,
        fix: /EPROTO|WRONG_VERSION|PACKET_LENGTH/.test(code)
          ? 'The server may speak plain http: check the scheme and the port of the URL.'
          : 'With a certificate of your own company, set NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem, for Claude Code too.',
      }
    case 'broken':
      return { what: `The connection to ${url} broke (${code}).`, fix: 'Try again; check proxies on the way.' }
  }
}

/** What to do, by the gateway's error code; statuses stand in where there is none. */
const FIXES: Readonly<Record<string, string>> = {
  'key.missing': 'Give the key with --key or PORTCULLIS_KEY.',
  'key.unknown': 'Check that the whole key was copied. Else ask whoever runs the gateway for a new one.',
  'key.revoked': 'Ask whoever runs the gateway for a new key, then run connect again.',
  'key.expired': 'Ask whoever runs the gateway for a new key, then run connect again.',
  'key.ambiguous': 'Two different keys were sent. Remove x-portkey-api-key from ANTHROPIC_CUSTOM_HEADERS.',
  'key.scope': 'This key may not send messages. Ask for a key that may (scope completions.write).',
  'provider.missing': 'The key has no provider yet. Whoever runs the gateway can bind one to the key or its workspace.',
  'provider.unknown': 'The provider named does not exist for this key. Check the name after the @.',
  'model.missing': 'Name a model with --model.',
  'model.not_allowed': 'Choose an allowed model with --model.',
  'request.wrong_base_url': 'Leave /v1 out of the base URL.',
  402: 'The budget is used up. Wait for the next period, or ask whoever runs the gateway to raise it.',
  429: 'A limit is reached. Wait a little and run this again.',
}

/** What the gateway said when it refused, and the next step. */
export function explainRefusal(answer: Answer & { reached: true }, model: string, url: TidyUrl): Explanation {
  const redirect = explainRedirect(answer)
  if (redirect !== undefined) return redirect
  const code = answer.header('x-portcullis-error')
  const message = member(member(answer.json, 'error'), 'message')
  if (typeof message !== 'string') {
    return { what: `${url.url} answers ${answer.status}, but not as a gateway would.`, fix: notAGateway(url) }
  }
  const id = requestIdOf(answer)
  const what = `${answer.status} for model ${model}: ${message}${id === undefined ? '' : ` (request ${id})`}`
  return { what, fix: FIXES[code ?? ''] ?? FIXES[answer.status] ?? fixByStatus(answer.status) }
}

function fixByStatus(status: number): string {
  if (status === 401 || status === 403) return FIXES['key.unknown']!
  if (status >= 500) return 'Try again in a minute; if it stays, send the request id to whoever runs the gateway.'
  return 'If the message does not help, send the request id to whoever runs the gateway.'
}

function explainRedirect(answer: Answer & { reached: true }): Explanation | undefined {
  const to = answer.header('location')
  if (answer.status < 300 || answer.status > 399 || to === undefined) return undefined
  return {
    what: `The server sends us on to ${to.slice(0, 200)}, and Claude Code does not follow.`,
    fix: 'Use the final address as the URL; if it is a sign-in page, a proxy stands in front of the gateway.',
  }
}

function requestIdOf(answer: Answer & { reached: true }): string | undefined {
  const named = answer.header('request-id') ?? member(answer.json, 'request_id')
  return typeof named === 'string' ? named : undefined
}

function notAGateway({ url }: TidyUrl): string {
  return `Check the URL: it is the gateway's own address, without /v1. ${url}/v1/health should answer "success".`
}
