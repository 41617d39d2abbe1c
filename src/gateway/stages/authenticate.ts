import { GatewayError } from '../../core/errors.ts'
import { type HeaderLines, header } from '../../core/headers.ts'
import type { Authenticated, Caller, Inbound } from '../exchange.ts'
import type { Keys } from '../parts.ts'
import type { Stage } from '../stage.ts'

/** The scope that a key needs to call models; Portkey's name for it. */
const CALL_MODELS = 'completions.write'

type KeyFinder = Pick<Keys, 'find' | 'isOurs'>

/** Finds out who asks. Everything after this stage knows its caller. */
export function authenticate(keys: KeyFinder): Stage<Inbound, Authenticated> {
  return (next) =>
    function authenticate(exchange, reply) {
      const caller = findCaller(keys, exchange.headers)
      exchange.trail.note({ caller })
      if (!caller.scopes.has(CALL_MODELS)) {
        throw new GatewayError(
          'key.scope',
          `This key may not call models: it lacks the scope ${CALL_MODELS}. Ask an administrator for a key that has it.`,
        )
      }
      return next({ ...exchange, caller }, reply)
    }
}

/** The caller behind a request's credentials, or the refusal that tells which of them is wrong. */
export function findCaller(keys: KeyFinder, headers: HeaderLines): Caller {
  const secret = chooseCredential(keys, headers)
  const found = keys.find(secret)
  switch (found.state) {
    case 'active':
      return found.caller
    case 'administrative':
      throw new GatewayError(
        'key.scope',
        'This is an administrator’s key: it manages the gateway, but calls no models. Use a workspace key.',
      )
    case 'revoked':
      throw new GatewayError(
        'key.revoked',
        'This gateway key has been revoked. Ask whoever runs the gateway for a new one, then connect again.',
      )
    case 'suspended':
      throw new GatewayError(
        'user.suspended',
        'Your account on this gateway is suspended, and your keys with it. Ask whoever runs the gateway.',
      )
    case 'expired':
      throw new GatewayError(
        'key.expired',
        `This gateway key expired on ${new Date(found.at).toISOString()}. Ask whoever runs the gateway for a new one, then connect again.`,
      )
    case 'unknown':
      throw new GatewayError('key.unknown', explainUnknown(keys, secret))
  }
}

/**
 * Which of the credentials on a request is meant for the gateway. Clients fill in up to three headers, some with
 * placeholders:
 *
 * 1. `x-portkey-api-key` decides alone when it is there: SDKs must put something into the other two, often `dummy`.
 * 2. Otherwise `Authorization: Bearer` and `x-api-key` count. A helper program's answer is sent in both. When they
 *    differ, the one that looks like ours is meant; when both look like ours nobody can tell, and that is refused.
 */
export function chooseCredential(keys: Pick<Keys, 'isOurs'>, headers: HeaderLines): string {
  const portkey = header(headers, 'x-portkey-api-key')?.trim()
  if (portkey !== undefined && portkey !== '') return portkey
  const bearer = bearerToken(header(headers, 'authorization'))
  const apiKey = header(headers, 'x-api-key')?.trim() || undefined
  if (bearer === undefined && apiKey === undefined) {
    throw new GatewayError(
      'key.missing',
      'No gateway key on this request. Set ANTHROPIC_AUTH_TOKEN to your gateway key.',
    )
  }
  if (bearer === undefined) return apiKey!
  if (apiKey === undefined || apiKey === bearer) return bearer
  if (!keys.isOurs(apiKey)) return bearer
  if (!keys.isOurs(bearer)) return apiKey
  throw new GatewayError(
    'key.ambiguous',
    'Two different gateway keys on one request, in Authorization and in x-api-key. Remove ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN.',
  )
}

/** The token of a bearer header; other schemes are not for us. Portkey's clients also send the bare key. */
function bearerToken(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const match = /^(?:bearer\s+)?(\S+)\s*$/i.exec(value)
  return match?.[1]
}

/** An unknown key is most often another kind of key; saying which saves the developer the search. */
function explainUnknown(keys: KeyFinder, secret: string): string {
  if (secret.startsWith('sk-ant-oat')) {
    return 'This request carries a claude.ai sign-in instead of a gateway key. Set ANTHROPIC_AUTH_TOKEN to your gateway key.'
  }
  if (secret.startsWith('sk-ant-')) {
    return 'This request carries a key of Anthropic’s own API instead of a gateway key. Set ANTHROPIC_AUTH_TOKEN to your gateway key and remove ANTHROPIC_API_KEY.'
  }
  if (keys.isOurs(secret)) {
    return 'This gateway does not know this key. It may belong to another gateway: check ANTHROPIC_BASE_URL, or ask for a new key.'
  }
  return 'This is not a key of this gateway (they begin with pcl_). Copy the whole key again, or ask whoever runs the gateway for one.'
}
