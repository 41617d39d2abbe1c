import { GatewayError } from '../core/errors.ts'
import { estimateTokens } from '../core/estimate-tokens.ts'
import { type HeaderLines, namedByConnection } from '../core/headers.ts'
import { plainModelName } from '../core/model-names.ts'
import type { Adapter, ModelCall, OwnAnswer, ProviderSettings, Signer, Upstream, WireRequest } from './adapter.ts'
import { MESSAGES_BODY, translate } from './translation/translate.ts'

/** Anthropic's own Messages API, and the base of every other dialect: whatever the client said is said again, byte for byte. */
export const anthropicAdapter: Adapter = {
  wireModel: (model, { settings }) => ({ id: mapped(model, settings) ?? model, priceScope: 'reported' }),
  encode(call, upstream) {
    refuseUnmapped(call, upstream)
    const path = call.endpoint === 'messages' ? '/messages' : '/messages/count_tokens'
    const { body, contentEncoding, headers, changes } = translate(call, upstream, MESSAGES_BODY)
    return {
      request: {
        method: 'POST',
        origin: upstream.origin,
        path: upstream.basePath + path + call.query,
        headers: forUpstream(headers, contentEncoding),
        body,
      },
      changes,
    }
  },

  answerItself(call, upstream) {
    if (call.endpoint !== 'count_tokens' || upstream.settings.count_tokens !== 'estimate') return undefined
    refuseUnmapped(call, upstream)
    return estimatedCount(call)
  },
}

/** An account's own name for a model: by the client's very name, then by the one without a date. `constructor` is a name that any object has. */
function mapped(model: string, { model_map = {} }: ProviderSettings): string | undefined {
  const name = [model, plainModelName(model)].find((each) => Object.hasOwn(model_map, each))
  return name === undefined ? undefined : model_map[name]
}

/**
 * A compatible host answers a name that it does not know with whatever model it likes, so that a Claude name would buy another model unseen.
 * Where an administrator has said which names mean which models, only those are sent.
 */
function refuseUnmapped({ model }: ModelCall, { platform, settings, slug }: Upstream): void {
  const { model_map } = settings
  if (platform !== 'compatible' || model_map === undefined) return
  if (mapped(model, settings) !== undefined || Object.values(model_map).includes(model)) return
  throw new GatewayError(
    'target.incapable',
    `Provider @${slug} has no model for ${JSON.stringify(model.slice(0, 100))}. Ask for one of ${Object.keys(model_map).slice(0, 20).join(', ')}.`,
  )
}

/** For a host that cannot count: rather too many tokens than too few, so that a conversation is compacted in time. */
function estimatedCount({ body }: ModelCall): OwnAnswer {
  const answer = Buffer.from(JSON.stringify({ input_tokens: estimateTokens(body.bytes.length) }))
  const headers = ['content-type', 'application/json', 'content-length', String(answer.length)]
  return { status: 200, headers, body: answer }
}

/**
 * Never travel up. Headers are an open list: only these are taken out, for the reason beside each group; `x-portkey-*`
 * goes too, because it speaks to the gateway.
 */
const NOT_FOR_UPSTREAM = new Set([
  // Belong to the connection between client and gateway (RFC 9110, 7.6.1), or are written anew for the next one.
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // The caller's proof is for the gateway; the provider gets the gateway's.
  'authorization',
  'cookie',
  'x-api-key',
  // Say where the developer sits; added by load balancers in front of the gateway.
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  // Asked for plain below, so that usage can be read from the bytes as they pass.
  'accept-encoding',
  // Told by `contentEncoding` of the call: an edited body is no longer compressed.
  'content-encoding',
])

/** The client's headers as they travel up. `contentEncoding` is set while the body is still compressed. */
export function forUpstream(headers: HeaderLines, contentEncoding: string | undefined): string[] {
  const named = namedByConnection(headers)
  const kept: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!.toLowerCase()
    if (NOT_FOR_UPSTREAM.has(name) || name.startsWith('x-portkey-') || named?.has(name)) continue
    kept.push(headers[at]!, headers[at + 1]!)
  }
  kept.push('accept-encoding', 'identity')
  if (contentEncoding !== undefined) kept.push('content-encoding', contentEncoding)
  return kept
}

/**
 * An API key travels in `x-api-key`; a token of a sign-in or of a federated identity, and the keys of hosts that take nothing else, as a
 * bearer.
 */
export const anthropicSigner: Signer = {
  sign(request: WireRequest, upstream: Upstream): WireRequest {
    const credential = upstream.credential()?.key
    if (credential === undefined) return request
    const isBearer = upstream.settings.auth_scheme === 'bearer' || credential.startsWith('sk-ant-oat')
    const proof = isBearer ? ['authorization', `Bearer ${credential}`] : ['x-api-key', credential]
    return { ...request, headers: [...request.headers, ...proof] }
  },
}
