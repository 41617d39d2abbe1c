import { type HeaderLines, header } from '../core/headers.ts'
import type { CallBody, ModelCall, WireRequest } from '../providers/adapter.ts'
import { applyParams } from '../routing/params.ts'
import type { ParamEdits } from '../routing/routing-config.ts'
import type { PaidAttempt, Target } from './exchange.ts'

/** The client's call as its target is asked: with what the config says of body and headers, and no more output than a budget has room for. */
export function toModelCall(attempt: PaidAttempt): ModelCall {
  const { endpoint, query, headers, body, streaming, target, repairs, outputTokensMax } = attempt
  return {
    endpoint,
    query,
    headers: withConfigured(headers, target),
    body: configuredBody(body, target, outputTokensMax),
    streaming,
    model: target.model,
    wireModel: target.wire.id,
    repairs,
  }
}

/** With the header lines that a config copies from the client, where the target's dialect has left them out. */
export function withForwarded(request: WireRequest, names: readonly string[], client: HeaderLines): WireRequest {
  const missing = names.filter((name) => !isDecided(name) && header(request.headers, name) === undefined)
  if (missing.length === 0) return request
  const lines = missing.flatMap((name) => {
    const value = header(client, name)
    return value === undefined ? [] : [name, value]
  })
  return lines.length === 0 ? request : { ...request, headers: [...request.headers, ...lines] }
}

/**
 * Never copied past a target's dialect: it decides which betas a target takes, the signer proves who we are, and the rest belongs to one
 * connection or describes a body that may have been edited.
 */
const DECIDED: ReadonlySet<string> = new Set([
  'accept-encoding',
  'anthropic-beta',
  'anthropic-version',
  'anthropic-workspace-id',
  'api-key',
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-api-key',
])

/** Nor are the clouds' own lines: a guardrail, a faster and dearer machine, the project that pays are for the account to choose. */
const CLOUDS_OWN = /^x-(?:amz|goog-)/

function isDecided(name: string): boolean {
  return DECIDED.has(name) || CLOUDS_OWN.test(name)
}

function withConfigured(headers: HeaderLines, { settings }: Target): HeaderLines {
  const { anthropicBeta, anthropicVersion } = settings
  if (anthropicBeta === undefined && anthropicVersion === undefined) return headers
  const kept: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!.toLowerCase()
    if (anthropicBeta !== undefined && name === 'anthropic-beta') continue
    if (anthropicVersion !== undefined && name === 'anthropic-version') continue
    kept.push(headers[at]!, headers[at + 1]!)
  }
  if (anthropicBeta !== undefined && anthropicBeta !== '') kept.push('anthropic-beta', anthropicBeta)
  if (anthropicVersion !== undefined) kept.push('anthropic-version', anthropicVersion)
  return kept
}

/** The body with what the target's config writes into it or takes out, and with this `max_tokens` in place of its own. */
export function configuredBody(body: CallBody, target: Target, outputTokensMax?: number): CallBody {
  const { params } = target.settings
  const lowered = outputTokensMax === undefined ? params : withMaxTokens(params, outputTokensMax)
  const edits = withWireModel(lowered, body, target.wire.id)
  if (edits === undefined) return body
  const result = applyParams(body.bytes, body.members, edits)
  return result === undefined ? body : { bytes: result.bytes, members: result.members, compressed: undefined }
}

function withMaxTokens(params: ParamEdits, outputTokensMax: number): ParamEdits {
  return {
    ...params,
    overrides: { ...params.overrides, max_tokens: outputTokensMax },
    drops: params.drops.filter(([name]) => name !== 'max_tokens'),
  }
}

/** The model is written by the dialect, under the provider's own name for it; only a body without one gets a member from here. */
function withWireModel(params: ParamEdits, body: CallBody, wireModel: string): ParamEdits | undefined {
  const { model: _default, ...defaults } = params.defaults
  const { model: _override, ...overrides } = params.overrides
  const hasModel = body.members.find('model') !== undefined
  const edits = { defaults, overrides: hasModel ? overrides : { ...overrides, model: wireModel }, drops: params.drops }
  const isEmpty =
    edits.drops.length === 0 && Object.keys(defaults).length === 0 && Object.keys(edits.overrides).length === 0
  return isEmpty ? undefined : edits
}
