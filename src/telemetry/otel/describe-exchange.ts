import { formatDollars } from '../../core/money.ts'
import type { CountedExchange } from '../counted-exchange.ts'
import { spanIdsOf } from './span-ids.ts'
import type { TracedExchange, TracedStep, TracedUpstream } from './traced-exchange.ts'

/*
 * An exchange in the words of OpenTelemetry: semantic conventions for HTTP servers and for generative AI
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/); what those have no word for begins with `portcullis.`.
 */

export type Attributes = Record<string, string | number | boolean | string[]>

/** A span before the library's own types, which are loaded only where somebody exports. Moments are milliseconds since the epoch. */
export interface PlainSpan {
  readonly name: string
  readonly kind: 'server' | 'client'
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly startMs: number
  readonly endMs: number
  readonly failed: boolean
  readonly attributes: Attributes
}

/** Finds the provider of a workspace by its slug; undefined for one that is gone. */
export type FindUpstream = (workspaceId: string, slug: string) => TracedUpstream | undefined

/** The exchange itself, then each call to a provider below it. */
export function describeExchange(exchange: TracedExchange, find: FindUpstream): PlainSpan[] {
  const ids = spanIdsOf(exchange)
  const { receivedAt, totalMs, status } = exchange
  const root: PlainSpan = {
    name: `POST ${PATHS[exchange.endpoint] ?? exchange.endpoint}`,
    kind: 'server',
    traceId: ids.traceId,
    spanId: ids.root,
    parentSpanId: ids.parent,
    startMs: receivedAt,
    endMs: receivedAt + totalMs,
    // A caller's own mistake is no failure of the server: semantic conventions for HTTP.
    failed: status >= 500 || isBroken(exchange),
    attributes: exchangeAttributes(exchange),
  }
  const attempts = attemptsOf(exchange).map(({ step, startMs, endMs, isLast }, ordinal): PlainSpan => ({
    name: `${operationOf(exchange)} ${exchange.modelAsked ?? 'unknown'}`,
    kind: 'client',
    traceId: ids.traceId,
    spanId: ids.attempt(ordinal),
    parentSpanId: ids.root,
    startMs: receivedAt + startMs,
    endMs: receivedAt + endMs,
    failed: step.result !== 'answered' || (isLast && isBroken(exchange)),
    attributes: attemptAttributes(exchange, step, isLast, find),
  }))
  return [root, ...attempts]
}

const PATHS: Readonly<Record<string, string>> = {
  messages: '/v1/messages',
  count_tokens: '/v1/messages/count_tokens',
}

/** The conventions have a word for the first; the other is Anthropic's. */
export function operationOf({ endpoint }: CountedExchange): string {
  return endpoint === 'messages' ? 'chat' : endpoint
}

/** What the conventions call a provider of each kind; others have our own word. */
const PROVIDER_NAMES: Readonly<Record<string, string>> = {
  bedrock: 'aws.bedrock',
  vertex: 'gcp.vertex_ai',
  foundry: 'azure.ai.inference',
}

/** What every span and metric of a call says of its provider. */
export function providerAttributes(upstream: TracedUpstream | undefined): Attributes {
  if (upstream === undefined) return { 'gen_ai.provider.name': 'unknown' }
  const { hostname, port, protocol } = new URL(upstream.origin)
  return {
    'gen_ai.provider.name': PROVIDER_NAMES[upstream.kind] ?? upstream.kind,
    'server.address': hostname,
    'server.port': port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
  }
}

/** All input, cached or not, as the conventions count it. */
export function inputTokens({ usage }: CountedExchange): number {
  return usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h
}

/** Why it did not go well; undefined when it did. */
export function errorTypeOf({ errorCode, interruptedBy, status }: CountedExchange): string | undefined {
  return errorCode ?? interruptedBy ?? (status >= 400 ? String(status) : undefined)
}

function isBroken({ outcome, interruptedBy }: CountedExchange): boolean {
  return outcome === 'interrupted' && interruptedBy !== 'client'
}

function exchangeAttributes(exchange: TracedExchange): Attributes {
  const { id, status, workspaceId, keyId, project, agentId, requestClass, cacheStatus, traceId, attempts } = exchange
  return present({
    'http.request.method': 'POST',
    'http.route': PATHS[exchange.endpoint],
    'http.response.status_code': status === 0 ? undefined : status,
    'error.type': errorTypeOf(exchange),
    'gen_ai.conversation.id': exchange.sessionKey,
    'gen_ai.agent.id': agentId,
    'portcullis.request.id': id,
    'portcullis.trace.id': traceId,
    'portcullis.workspace.id': workspaceId,
    'portcullis.key.id': keyId,
    'portcullis.project': project,
    'portcullis.request.class': requestClass,
    'portcullis.cache.status': cacheStatus,
    'portcullis.outcome': exchange.outcome,
    'portcullis.attempts': attempts,
    // Exact, which a number would not be.
    'portcullis.cost.usd': formatDollars(exchange.costNanos),
    'portcullis.overhead_ms': exchange.overheadMs,
  })
}

interface Try {
  readonly step: TracedStep
  /** Milliseconds from the arrival of the request. */
  readonly startMs: number
  readonly endMs: number
  readonly isLast: boolean
}

/**
 * The record keeps when the last call was ready to leave and how long each took; the earlier ones are put before it without
 * the pauses in between, which it does not keep.
 */
function attemptsOf(exchange: TracedExchange): Try[] {
  const { totalMs, queueMs = 0 } = exchange
  const steps = exchange.route.filter(({ result }) => result !== 'skipped')
  if (steps.length === 0 && exchange.attempts > 0) steps.push(directStep(exchange))
  const tries: Try[] = []
  let startMs = Math.min(queueMs, totalMs)
  let endMs = totalMs
  for (let at = steps.length - 1; at >= 0; at--) {
    const isLast = at === steps.length - 1
    if (!isLast) {
      endMs = startMs
      startMs = Math.max(0, startMs - steps[at]!.ms)
    }
    tries.unshift({ step: steps[at]!, startMs, endMs, isLast })
  }
  return tries
}

/** Most exchanges go straight to their target, and their record spares itself the list. */
function directStep({ providerSlug, status, totalMs }: TracedExchange): TracedStep {
  const answered = status < 400 && status > 0
  return {
    path: '',
    provider: providerSlug,
    result: answered ? 'answered' : 'failed',
    status,
    reason: undefined,
    ms: totalMs,
  }
}

function attemptAttributes(
  exchange: TracedExchange,
  { provider, status, reason, result, path }: TracedStep,
  isLast: boolean,
  find: FindUpstream,
): Attributes {
  const { workspaceId, streaming, modelAsked, modelServed, stopReason, usage } = exchange
  const upstream = workspaceId === undefined || provider === undefined ? undefined : find(workspaceId, provider)
  const failure = result === 'answered' ? undefined : (reason ?? (status === undefined ? 'unknown' : String(status)))
  return present({
    'gen_ai.operation.name': operationOf(exchange),
    ...providerAttributes(upstream),
    'gen_ai.request.model': modelAsked,
    'gen_ai.request.stream': streaming,
    'gen_ai.conversation.id': exchange.sessionKey,
    'http.response.status_code': status,
    'error.type': failure ?? (isLast ? errorTypeOf(exchange) : undefined),
    'portcullis.provider': provider === undefined ? undefined : `@${provider}`,
    'portcullis.target': path === '' ? undefined : path,
    'portcullis.attempt.result': result,
    // Usage is the sum over all calls; those that failed before they answered have cost nothing as a rule.
    ...(isLast && {
      'gen_ai.response.model': modelServed,
      'gen_ai.response.finish_reasons': stopReason === undefined ? undefined : [stopReason],
      'gen_ai.usage.input_tokens': inputTokens(exchange),
      'gen_ai.usage.output_tokens': usage.output,
      'gen_ai.usage.cache_read.input_tokens': usage.cacheRead,
      'gen_ai.usage.cache_creation.input_tokens': usage.cacheWrite5m + usage.cacheWrite1h,
      'portcullis.upstream.request_id': exchange.upstreamRequestId,
    }),
  })
}

function present(all: Readonly<Record<string, Attributes[string] | undefined>>): Attributes {
  const attributes: Attributes = {}
  for (const [name, value] of Object.entries(all)) if (value !== undefined) attributes[name] = value
  return attributes
}
