import type { Clock } from '../core/clock.ts'
import { asId, newRequestId, type Id } from '../core/ids.ts'
import { isObject } from '../core/is-object.ts'
import { maskHeaders } from '../core/mask-headers.ts'
import type { Prices } from '../core/pricing.ts'
import { readUsage } from '../core/read-usage.ts'
import type { RecordRules } from '../core/record-rules.ts'
import { sessionKey } from '../core/session-key.ts'
import { NO_USAGE, type ReportedUsage } from '../core/usage.ts'
import type { ExchangeRecord, Recorder } from './record.ts'
import type { Transcript, Transcripts } from './transcript.ts'

/**
 * Takes records of calls that were made without the gateway. They go the way of all others: through the journal into the store,
 * with their content under the same rules. There was no call of ours, so the ledger hears nothing of them and no budget is charged; what
 * they used stands in the record alone, and the roll-ups take it from there.
 */
export type HandIn = (handedIn: HandedIn, by: HandingIn) => Id<'request'>

/** What happened, as somebody else tells it; contract/hand-in.ts bounds every member. */
export interface HandedIn {
  readonly request: {
    readonly url?: string | undefined
    readonly provider?: string | undefined
    readonly method?: string | undefined
    readonly headers?: Readonly<Record<string, string>> | undefined
    readonly body?: unknown
  }
  readonly response?:
    | {
        readonly status?: number | undefined
        readonly headers?: Readonly<Record<string, string>> | undefined
        readonly body?: unknown
        /** Milliseconds. */
        readonly response_time?: number | undefined
        readonly streamingMode?: boolean | string | undefined
      }
    | undefined
  readonly metadata?: Readonly<Record<string, string | number | boolean | null>> | undefined
  readonly output?:
    | {
        /** Of output, or by kind in the wire's own names. */
        readonly tokens?: number | Readonly<Record<string, number | undefined>> | undefined
        /** US cents. */
        readonly cost?: number | undefined
      }
    | undefined
}

/** Whose record it becomes. */
export interface HandingIn {
  readonly organisationId: string
  readonly workspaceId: string
  /** Undefined for the administrator's key of the environment, and for somebody who signed in. */
  readonly keyId: string | undefined
  readonly userId: string | undefined
  readonly rules: RecordRules
  /** The provider that is meant, where it is one of the workspace's; its kind decides which prices hold. */
  readonly provider: { readonly id: string; readonly slug: string; readonly kind: string } | undefined
}

export interface HandInParts {
  readonly clock: Clock
  readonly prices: Prices
  readonly recorder: Recorder
  readonly transcripts: Transcripts
}

export function createHandIn({ clock, prices, recorder, transcripts }: HandInParts): HandIn {
  return (handedIn, by) => {
    const { request, response = {}, output = {} } = handedIn
    const totalMs = response.response_time ?? 0
    const receivedAt = clock.now() - Math.round(totalMs)
    const id = newRequestId(receivedAt)
    const claims = readClaims(handedIn)
    // A session is a person's, or a key's.
    const owner = by.userId ?? by.keyId
    const session =
      claims.sessionId === undefined || by.keyId === undefined || owner === undefined
        ? undefined
        : sessionKey(by.workspaceId, owner, claims.sessionId)
    const bodies = [toBytes(request.body), toBytes(response.body)] as const
    const endpoint = /\/count_tokens\/?$/.test(request.url?.split('?')[0] ?? '') ? 'count_tokens' : 'messages'
    const transcript = keep(
      transcripts,
      { exchangeId: id, endpoint, scope: session ?? `key_${by.keyId}`, receivedAt },
      by,
      handedIn,
      bodies,
    )
    const model = textOf(memberOf(request.body, 'model'))
    const served = textOf(memberOf(response.body, 'model'))
    const usage = usageOf(handedIn)
    recorder.record({
      id,
      endpoint,
      receivedAt,
      organisationId: asId(by.organisationId),
      workspaceId: asId(by.workspaceId),
      keyId: by.keyId === undefined ? undefined : asId(by.keyId),
      userId: by.userId === undefined ? undefined : asId(by.userId),
      ...claims,
      sessionKey: session,
      agentId: undefined,
      parentAgentId: undefined,
      promptId: undefined,
      requestClass: undefined,
      streaming: memberOf(request.body, 'stream') === true || isYes(response.streamingMode),
      modelAsked: model ?? served,
      modelServed: served,
      providerId: by.provider === undefined ? undefined : asId(by.provider.id),
      providerSlug: by.provider?.slug ?? request.provider?.replace(/^@/, ''),
      attempts: 0,
      configId: undefined,
      configVersionId: undefined,
      targetPath: undefined,
      retries: 0,
      cacheStatus: undefined,
      route: [],
      changes: [],
      upstreamRequestId: undefined,
      status: response.status ?? 200,
      outcome: 'completed',
      interruptedBy: undefined,
      errorCode: undefined,
      stopReason: textOf(memberOf(response.body, 'stop_reason')),
      usage: usage?.tokens ?? NO_USAGE,
      // Nobody has told what it used, so what stands there is no count.
      estimated: usage === undefined,
      ...price(usage, served ?? model, output.cost),
      queueMs: undefined,
      connectMs: undefined,
      firstByteMs: undefined,
      firstTokenMs: undefined,
      totalMs,
      overheadMs: undefined,
      requestBytes: bodies[0].length,
      responseBytes: bodies[1].length,
      bodyState: transcript?.state ?? 'metadata',
      shelf: transcript?.shelf,
      source: 'api',
    })
    return id

    function price(
      used: ReportedUsage | undefined,
      name: string | undefined,
      cents: number | undefined,
    ): Pick<ExchangeRecord, 'costNanos' | 'priceVersion' | 'priceFlag'> {
      if (cents !== undefined) {
        return {
          costNanos: BigInt(Math.round(cents * NANOS_PER_CENT)),
          priceVersion: GIVEN_PRICE,
          priceFlag: cents === 0 ? 'free' : 'listed',
        }
      }
      const providerKind = by.provider?.kind ?? request.provider?.replace(/^@/, '') ?? 'anthropic'
      const call = { providerKind, scope: 'unknown', model: name ?? '', at: receivedAt }
      const found = prices.price(used ?? readUsage({}), call)
      // A model of somebody else's is no business of our dearest tier: it has no price, and is flagged.
      return { ...found, costNanos: found.priceFlag === 'unknown_model' ? 0n : found.costNanos }
    }
  }
}

const NANOS_PER_CENT = 1e7

/** In place of a version of the price table, where the cost was handed in. */
const GIVEN_PRICE = 'given'

const TEXT_MAX = 128

/** What the call's maker says of it: where it belongs, and tags. */
function readClaims({ request, metadata = {} }: HandedIn) {
  const headers = new Map(Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
  const told = new Map(
    Object.entries(metadata).flatMap(([name, value]) =>
      value === null ? [] : [[name, String(value).slice(0, TEXT_MAX)]],
    ),
  )
  const take = (...names: readonly string[]) => {
    const found = names.map((name) => told.get(name)).find((value) => value !== undefined && value !== '')
    for (const name of names) told.delete(name)
    return found
  }
  const traceId = take('traceId', 'trace_id')
  const [client, clientVersion] = (headers.get('user-agent')?.split(/\s/)[0] ?? '').split('/')
  const spans = {
    spanId: take('spanId', 'span_id'),
    parentSpanId: take('parentSpanId', 'parent_span_id'),
    spanName: take('spanName', 'span_name'),
  }
  const tags = Object.fromEntries([...told].slice(0, TAGS_MAX))
  return {
    traceId,
    ...spans,
    sessionId: headers.get('x-claude-code-session-id')?.slice(0, TEXT_MAX) || traceId,
    metadata: tags,
    project: tags['project'],
    client: client === '' ? undefined : client?.slice(0, TEXT_MAX),
    clientVersion: clientVersion?.slice(0, TEXT_MAX),
  }
}

const TAGS_MAX = 50

/**
 * Content under the rules of whoever hands it in. Undefined where they want none, and where there is no key: content lies under a
 * session or a key, and what lies under neither is found by nobody who deletes a person's content or holds it.
 */
function keep(
  transcripts: Transcripts,
  opening: Pick<Parameters<Transcripts['begin']>[0], 'exchangeId' | 'endpoint' | 'scope' | 'receivedAt'>,
  { workspaceId, keyId, rules }: HandingIn,
  { request, response = {} }: HandedIn,
  [asked, answered]: readonly [Buffer, Buffer],
): Transcript | undefined {
  if (keyId === undefined || rules.content === 'metadata') return undefined
  const transcript = transcripts.begin({ ...opening, workspaceId, rules, agentId: undefined, request: asked })
  transcript.response(answered)
  transcript.end({
    method: request.method ?? 'POST',
    path: request.url ?? '',
    requestHeaders: maskHeaders(Object.entries(request.headers ?? {}).flat()),
    status: response.status ?? 200,
    responseHeaders: maskHeaders(Object.entries(response.headers ?? {}).flat()),
    error: undefined,
  })
  return transcript
}

/** What was used, as the hand-in says it, else as the response reports it; undefined where nobody does. */
function usageOf({ response, output }: HandedIn): ReportedUsage | undefined {
  const { tokens } = output ?? {}
  if (tokens !== undefined) return readUsage(typeof tokens === 'number' ? { output_tokens: tokens } : tokens)
  const reported = memberOf(response?.body, 'usage')
  if (!isObject(reported)) return undefined
  // Names of chat completions beside those of the Messages API.
  return readUsage({
    input_tokens: reported['prompt_tokens'],
    output_tokens: reported['completion_tokens'],
    ...reported,
  })
}

function memberOf(body: unknown, name: string): unknown {
  return isObject(body) ? body[name] : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 2 * TEXT_MAX) : undefined
}

function isYes(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value !== '' && value !== 'false')
}

function toBytes(body: unknown): Buffer {
  if (body === undefined || body === null) return Buffer.alloc(0)
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}
