import { GatewayError } from '../../core/errors.ts'
import { type HeaderLines, header } from '../../core/headers.ts'
import { byteLength, joined } from '../../core/pieces.ts'
import type { Adapter, EncodedCall, ModelCall, Upstream, WireRequest } from '../adapter.ts'
import { forUpstream } from '../anthropic.ts'
import { foundationId, wireModel } from '../model-ids.ts'
import { type BodyShape, MESSAGES_BODY, type Translation, translate } from '../translation/translate.ts'
import { answerCount, countBody, countShape } from './count-tokens.ts'
import { listenToAws } from './listen.ts'

/** Amazon Bedrock, by whichever of its three surfaces the account speaks. */
export const bedrockAdapter: Adapter = {
  wireModel: (model, { platform, settings }) => wireModel(platform, settings, model),
  encode(call, upstream) {
    if (call.endpoint === 'count_tokens') return encodeCount(call, upstream)
    return upstream.platform === 'bedrock-invoke' ? encodeInvoke(call, upstream) : encodeMessages(call, upstream)
  },
  listen: listenToAws,
  answerItself: answerCount,
}

/** The model and the manner travel in the path, versions and betas in the body. User guide of Bedrock, Anthropic Claude Messages API. */
const INVOKE_BODY: BodyShape = {
  without: ['model', 'stream'],
  extra: { anthropic_version: '"bedrock-2023-05-31"' },
  betasInBody: true,
}

function encodeInvoke(call: ModelCall, upstream: Upstream): EncodedCall {
  const { body, headers, changes } = translate(call, upstream, INVOKE_BODY)
  const action = call.streaming ? 'invoke-with-response-stream' : 'invoke'
  const accept = call.streaming ? 'application/vnd.amazon.eventstream' : 'application/json'
  const lines = [...forAws(headers, IN_BODY), 'accept', accept, ...guardrail(upstream)]
  return { request: post(upstream, `${upstream.basePath}${modelPath(call.wireModel)}/${action}`, lines, body), changes }
}

function encodeMessages(call: ModelCall, upstream: Upstream): EncodedCall {
  const translation = translate(call, upstream, MESSAGES_BODY)
  const lines = forAws(translation.headers, new Set())
  return {
    request: post(upstream, `${upstream.basePath}/messages`, lines, plainBody(call, translation)),
    changes: translation.changes,
  }
}

/** Both surfaces of bedrock-runtime count by the same call. Betas stay at home: CountTokens takes next to none. */
function encodeCount(call: ModelCall, upstream: Upstream): EncodedCall {
  const model = foundationId(call.wireModel)
  if (model === undefined) {
    throw new GatewayError('target.incapable', 'Bedrock does not count tokens for an application inference profile.')
  }
  const plainCall = { ...call, repairs: { ...call.repairs, fewestBetas: true } }
  const { body, headers, changes } = translate(plainCall, upstream, countShape(call, INVOKE_BODY))
  const lines = [...forAws(headers, IN_BODY), 'accept', 'application/json']
  const basePath = upstream.basePath.replace(/\/anthropic\/v1$/, '')
  return {
    request: post(upstream, `${basePath}${modelPath(model)}/count-tokens`, lines, [countBody(joined(body))]),
    changes,
  }
}

/** Colons of a revision and slashes of an ARN are part of the id, not of the path; the signature covers them as they stand here. */
function modelPath(id: string): string {
  return `/model/${encodeURIComponent(id)}`
}

/** What InvokeModel wants in the body, and `accept`, which it reads. */
const IN_BODY: ReadonlySet<string> = new Set(['accept', 'anthropic-beta', 'anthropic-version'])

/** A caller's `x-amz…` lines would be signed as ours, or switch off the account's guardrail. */
function forAws(headers: HeaderLines, elsewhere: ReadonlySet<string>): string[] {
  const lines = forUpstream(headers, undefined)
  const kept: string[] = []
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at]!.toLowerCase()
    if (!name.startsWith('x-amz') && !elsewhere.has(name)) kept.push(lines[at]!, lines[at + 1]!)
  }
  if (header(kept, 'content-type') === undefined) kept.push('content-type', 'application/json')
  return kept
}

function guardrail({ settings }: Upstream): string[] {
  const { aws_guardrail_identifier: id, aws_guardrail_version: version } = settings
  if (id === undefined) return []
  return ['x-amzn-bedrock-guardrailidentifier', id, 'x-amzn-bedrock-guardrailversion', version ?? 'DRAFT']
}

/** AWS takes no compressed bodies. One that is still compressed was not edited, so the plain bytes are the same request. */
function plainBody(call: ModelCall, { body, contentEncoding }: Translation): readonly Buffer[] {
  return contentEncoding === undefined ? body : [call.body.bytes]
}

/** Quotas of Bedrock: 20 MB for a request. */
const BODY_BYTES_MAX = 20_000_000

function post({ origin, slug }: Upstream, path: string, headers: string[], body: readonly Buffer[]): WireRequest {
  if (byteLength(body) > BODY_BYTES_MAX) {
    throw new GatewayError(
      'target.incapable',
      `The request is larger than the 20 MB that Amazon Bedrock (@${slug}) takes. Start a new conversation, or use /compact.`,
    )
  }
  return { method: 'POST', origin, path, headers, body }
}
