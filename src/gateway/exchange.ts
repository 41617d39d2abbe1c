import type { GatewayError } from '../core/errors.ts'
import type { HeaderLines } from '../core/headers.ts'
import type { Id } from '../core/ids.ts'
import type { TopLevel } from '../core/json.ts'
import type { CallCharge, CallClosing } from '../ledger/ledger.ts'
import type { Upstream } from '../providers/adapter.ts'

/*
 * One request and its reply. What is known about an exchange grows to the right, and the types say so:
 *
 *   Inbound → Authenticated → Received → Planned → Attempt
 *
 * A stage may rely on everything to its left.
 */

/** The two calls that carry a Messages body. */
export type Endpoint = 'messages' | 'count_tokens'

export interface Inbound {
  readonly id: Id<'request'>
  readonly endpoint: Endpoint
  /** Milliseconds since the epoch, when the request's head had arrived. */
  readonly receivedAt: number
  /** The same moment on the clock that never jumps. */
  readonly startedAt: number
  /** `?beta=true`, with its question mark, or empty. */
  readonly query: string
  readonly headers: HeaderLines
  /** The body, still on its way: nobody unknown makes us hold 32 MB. */
  readonly content: Content
  /** Fires when the client has left (`reason` is `client`), or when a shutdown has waited long enough (`shutdown`). */
  readonly signal: AbortSignal
  readonly trail: Trail
}

export interface Content {
  /** All bytes of the body as they came; refuses with `request.too_large` past the limit. To be called once. */
  read(bytesMax: number): Promise<Buffer>
}

/** Who asks. Found from a key alone: metadata and session headers are claims, a key is proof. */
export interface Caller {
  readonly keyId: Id<'key'>
  readonly keyName: string
  readonly organisationId: Id<'organisation'>
  readonly workspaceId: Id<'workspace'>
  readonly workspaceSlug: string
  readonly userId: Id<'user'> | undefined
  readonly scopes: ReadonlySet<string>
  /** `@slug` of the provider that serves when the request names none: the key's own, else the workspace's. */
  readonly defaultProvider: string | undefined
  /** Tags that the key or its workspace puts on every request, under those of the request. */
  readonly metadata: Readonly<Record<string, string>>
}

export interface Authenticated extends Inbound {
  readonly caller: Caller
}

/** The body, and where its top-level members lie. Edits make new bytes; these never change. */
export interface Body {
  /** Plain JSON, decoded when it came compressed. */
  readonly bytes: Buffer
  readonly members: TopLevel
  /** The bytes as they came when the client had compressed them: what goes upstream unless something is edited. */
  readonly compressed: Buffer | undefined
}

export interface Received extends Authenticated {
  readonly body: Body
  /** The model as the body names it; undefined when it names none, or with something else than a string. */
  readonly modelAsked: string | undefined
  /** `stream: true` stands in the body. */
  readonly streaming: boolean
}

/** One provider and one model: where an attempt goes. */
export interface Target {
  readonly upstream: Upstream
  /** The model name that goes upstream: the one asked for, without `@slug/`. */
  readonly model: string
  /** Where this target stands in the routing document: `config`, `config.targets[0]`, … */
  readonly path: string
}

export interface Plan {
  readonly strategy: 'single'
  readonly target: Target
  /** Tags of the request: baggage, key and workspace defaults, and `x-portkey-metadata` on top. */
  readonly metadata: Readonly<Record<string, string>>
  /** Portkey's grouping id: from `x-portkey-trace-id` or `traceparent`, else the request id. */
  readonly traceId: string
}

export interface Planned extends Received {
  readonly plan: Plan
}

export interface Attempt extends Planned {
  readonly target: Target
  /** 0 for the first try. */
  readonly ordinal: number
}

/** Who ended an answer before it was whole. */
export type Breaker = 'client' | 'upstream' | 'shutdown'

/** The valve on whatever makes the bytes. */
export interface Flow {
  pause(): void
  resume(): void
  /** Ends the source at once. Safe to call twice. */
  abort(): void
}

export interface ReplyHead {
  readonly status: number
  readonly headers: HeaderLines
  /** The body is a stream of server-sent events in plain text, so the gateway may add events of its own to it. */
  readonly eventStream: boolean
  readonly flow: Flow
}

/**
 * Where an answer is pushed to, byte by byte. A stage that wants to see or change the answer passes a decorated reply to
 * the next one. The order is `head`, any number of `chunk`, then exactly one of `end` and `fail`; `fail` may also come
 * alone. Pushed callbacks instead of a web stream because that costs a third per event: docs/decisions/0002-push-replies.md.
 */
export interface Reply {
  head(head: ReplyHead): void
  chunk(bytes: Buffer): void
  /** The last byte has been pushed and the answer is whole. */
  end(): void
  /** The answer will not be whole. Before `head` the client gets a refusal, after it an honest break. */
  fail(error: GatewayError, by: Breaker): void
}

/** Facts noted on the way; `record` writes them down. Nobody decides by them. */
export interface Trail {
  note(facts: Facts): void
}

export interface Facts {
  readonly caller?: Caller
  readonly modelAsked?: string | undefined
  /** The session that the body names; the header of the same meaning outranks it. */
  readonly claimedSession?: string | undefined
  /** One token and no stream: a check of a model's name. */
  readonly isProbe?: boolean
  readonly streaming?: boolean
  readonly requestBytes?: number
  readonly plan?: Plan
  readonly attempt?: AttemptFacts
  // Moments on the clock that never jumps, in milliseconds.
  /** The body's last byte was here. */
  readonly bodyAt?: number
  /** The request was handed to the transport. */
  readonly readyAt?: number
  /** A connection took it. */
  readonly connectedAt?: number
  readonly firstByteAt?: number
  readonly firstTokenAt?: number
  readonly upstreamEndedAt?: number
}

/** What one upstream call came to. */
export interface AttemptFacts extends CallCharge {
  readonly outcome: CallClosing['outcome']
  readonly upstreamRequestId: string | undefined
  readonly modelServed: string | undefined
  readonly stopReason: string | undefined
}
