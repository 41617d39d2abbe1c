import type { GatewayError } from '../core/errors.ts'
import type { HeaderLines } from '../core/headers.ts'
import type { Id } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import type { RecordRules } from '../core/record-rules.ts'
import type { CallCharge, CallClosing } from '../ledger/ledger.ts'
import type { OtherModel } from '../limits/other-models.ts'
import type { CallBody, Change, Repairs, Upstream, WireModel } from '../providers/adapter.ts'
import type { RouteStep } from '../records/record.ts'
import type { Transcript } from '../records/transcript.ts'
import type { CacheRule, RoutingConfig, TargetSettings } from '../routing/routing-config.ts'
import type { ClientFacts } from './describe-client.ts'
import type { AnswerFacts } from './stream/answer-tap.ts'

/*
 * One request and its reply. What is known about an exchange grows to the right, and the types say so:
 *
 *   Inbound → Authenticated → Received → Kept → Planned → Admitted → Attempt → PaidAttempt
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
  /** Fires when the client has left (`reason` is `client`), a shutdown has waited long enough (`shutdown`), or the caller was dismissed (`Dismissal`). */
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
  /** Saved config that routes when the request brings none: the key's own, else the workspace's. */
  readonly defaultConfig: RoutingConfig | undefined
  /** Whether a request may bring a config of its own instead. */
  readonly mayOverrideConfig: boolean
  /** Tags that the key or its workspace puts on every request; a request cannot change them. */
  readonly metadata: Readonly<Record<string, string>>
  /** In whose words it is told that a budget or a rate limit stops it. */
  readonly errorFormat: 'anthropic' | 'portkey'
  /** What is kept of the content of its requests; a request can ask for less. */
  readonly records: RecordRules
}

export interface Authenticated extends Inbound {
  readonly caller: Caller
}

export interface Received extends Authenticated {
  readonly body: CallBody
  /** The model as the body names it; undefined when it names none, or with something else than a string. */
  readonly modelAsked: string | undefined
  /** `stream: true` stands in the body. */
  readonly streaming: boolean
  /** The session as the client tells it, by header or in the body: a claim, good for keeping a session where it was, not for deciding. */
  readonly sessionId: string | undefined
  /** The same within its workspace and person: what it is filed under. */
  readonly sessionKey: string | undefined
  /** What the client says of itself. */
  readonly client: ClientFacts
  /** As in ExchangeRecord. */
  readonly requestClass: string | undefined
}

export interface Kept extends Received {
  /** Takes down what is sent and answered, as far as it may be kept. Nothing that is told to it can fail. */
  readonly transcript: Transcript
}

/** One provider and one model: where an attempt goes. */
export interface Target {
  readonly kind: 'target'
  readonly upstream: Upstream
  /** The client's name for the model, without `@slug/`, or the one that a config puts in its place. */
  readonly model: string
  /** The id under which the provider knows it, and what that says about its price. */
  readonly wire: WireModel
  /** Where this target stands in the routing document: `config`, `config.targets[0]`, … */
  readonly path: string
  readonly settings: TargetSettings
  /** Other models that the body asks this target for. */
  readonly others: readonly OtherModel[]
}

/** Several ways, in the order in which they are tried. */
export interface Choice {
  readonly kind: 'choice'
  readonly path: string
  readonly options: readonly Route[]
  /** Statuses that move on to the next option; undefined for the usual ones. */
  readonly onStatusCodes: ReadonlySet<number> | undefined
  /** Under which the option that served a session is remembered, so that it stays there; undefined when nothing tells sessions apart. */
  readonly affinityKey: string | undefined
  /** For how long, in milliseconds, since it last served. */
  readonly affinityMs: number
}

/** A way that cannot be gone by this request: no such provider, or a model that is not allowed there. Told when nothing else is left. */
export interface DeadEnd {
  readonly kind: 'dead end'
  readonly path: string
  readonly error: GatewayError
}

/** A config as it applies to one request: conditions decided, shares drawn, providers found. */
export type Route = Target | Choice | DeadEnd

export interface Plan {
  readonly route: Route
  /** The config that was followed; `NO_CONFIG` when none applied. */
  readonly config: RoutingConfig
  /** Of the target that comes first; the one that answers a repeated call. */
  readonly cache: CacheRule | undefined
  /** Tags of the request: baggage, key and workspace defaults, and `x-portkey-metadata` on top. */
  readonly metadata: Readonly<Record<string, string>>
  /** Portkey's grouping id: from `x-portkey-trace-id` or `traceparent`, else the request id. */
  readonly traceId: string
}

export interface Planned extends Kept {
  readonly plan: Plan
}

/** Let in by every rate limit that is known without a target. */
export interface Admitted extends Planned {
  /** To be told of the tokens of every upstream call, so that windows count what was used. */
  readonly noteTokens: (tokens: number) => void
}

export interface Attempt extends Admitted {
  readonly target: Target
  readonly ordinals: Ordinals
  /** Tries at this target before this one. */
  readonly retry: number
  /** Somebody could try again or take over, so nothing reaches the client before the first content. */
  readonly isHeld: boolean
  /** Another target could take over, so this one may not be silent for long. */
  readonly isReplaceable: boolean
  /** What earlier tries, of this exchange or of others, have taught about this target. */
  readonly repairs: Repairs
  /** Ends this attempt alone: also fires with the exchange's own. Its reason may be a `GatewayError`, with which the attempt then fails. */
  readonly signal: AbortSignal
}

/** Numbers the calls of an exchange in the order in which they are made, from 0 on, over retries and targets. */
export interface Ordinals {
  draw(): number
  /** How many were drawn. */
  readonly drawn: number
}

/** An attempt that no limit stops, with what it holds of budgets until its call has ended. */
export interface PaidAttempt extends Attempt {
  readonly hold: CallHold
  /** Tokens that the answer may have at most, when fewer than the body asks for fit in a budget. */
  readonly outputTokensMax: number | undefined
}

/** What one call holds of its budgets. It ends once, with `settle` or `release`; whatever is said later is ignored. */
export interface CallHold {
  /** Of budgets, for the ledger. */
  readonly buckets: readonly string[]
  /** Milliseconds since the epoch; decides the period that the call is charged to. Undefined when there is no budget. */
  readonly at: number | undefined
  /** The most that the call may use, as it stood when it was made. */
  readonly bound: { readonly costNanos: Nanos; readonly tokens: number }
  /** Tokens that it may use at most; what is only guessed of a call is never more. */
  readonly most: { readonly input: number; readonly output: number }
  /**
   * Looks at the answer so far and holds as much as it turns out to need. When there is no room the call has to end, and what is returned says
   * why, once the call is settled.
   */
  watch(answer: AnswerFacts): (() => GatewayError) | undefined
  /** The call has ended and came to this; `ordinal` is its number in the exchange. */
  settle(charge: CallCharge, ordinal: number, answer: AnswerFacts | undefined): void
  /** The call was not made. */
  release(): void
}

/** An attempt whose errors are looked at before anybody sees them. */
export interface GuardedAttempt extends PaidAttempt {
  /** Told of the request as it leaves: what in it proves who we are must not come back either, though it is no stored secret. */
  readonly noteProof: (headers: HeaderLines) => void
}

/** Who ended an answer before it was whole. `gateway`: its caller may not go on. */
export type Breaker = 'client' | 'upstream' | 'shutdown' | 'gateway'

/** The valve on whatever makes the bytes. */
export interface Flow {
  pause(): void
  resume(): void
  /** Ends the source at once. Safe to call twice. */
  abort(): void
}

/** Of an answer that is here already, as a whole. */
export const STILL: Flow = { pause: () => undefined, resume: () => undefined, abort: () => undefined }

export interface ReplyHead {
  readonly status: number
  readonly headers: HeaderLines
  /** The body is a stream of server-sent events in plain text, so the gateway may add events of its own to it. */
  readonly eventStream: boolean
  readonly flow: Flow
  /** A budget had no room for an answer as long as was asked for, so it is not to be given again. */
  readonly isShortened?: true
}

/**
 * Where an answer is pushed to, byte by byte. A stage that wants to see or change the answer passes a decorated reply to
 * the next one. The order is `head`, any number of `chunk`, then exactly one of `end` and `fail`; `fail` may also come
 * alone. Pushed callbacks instead of a web stream because that costs a third per event: docs/decisions/0002-push-replies.md.
 */
export interface Reply {
  head(head: ReplyHead): void
  chunk(bytes: Buffer): void
  /**
   * The last byte has been pushed. `broken`: the upstream has told of a failure in its own stream, so that nothing has to be added for the
   * client, but the answer is not a whole one.
   */
  end(ending: Ending): void
  /**
   * The answer will not be whole. Before `head` the client gets a refusal with these headers besides its own, after it an honest break.
   */
  fail(error: GatewayError, by: Breaker, headers?: HeaderLines): void
}

export type Ending = 'whole' | 'broken'

/** Facts noted on the way; `record` writes them down. Nobody decides by them. */
export interface Trail {
  note(facts: Facts): void
}

export interface Facts {
  readonly caller?: Caller
  readonly client?: ClientFacts
  readonly modelAsked?: string | undefined
  readonly sessionId?: string | undefined
  readonly sessionKey?: string | undefined
  /** One token and no stream: a check of a model's name. */
  readonly isProbe?: boolean
  readonly streaming?: boolean
  readonly requestBytes?: number
  readonly transcript?: Transcript
  readonly plan?: Plan
  /** The target of the latest attempt. */
  readonly target?: Target
  /** What the latest attempt came to; `record` adds them up. */
  readonly attempt?: AttemptFacts
  /** One more step of the way: a target tried, skipped or left. Kept in order. */
  readonly step?: RouteStep
  /** What was changed in the body or the betas for the latest attempt. */
  readonly changes?: readonly Change[]
  readonly retries?: number
  readonly cacheStatus?: CacheStatus
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

/** Portkey's words for what the cache did. */
export type CacheStatus = 'HIT' | 'MISS' | 'REFRESH' | 'DISABLED'

/** What one upstream call came to. */
export interface AttemptFacts extends CallCharge {
  readonly outcome: CallClosing['outcome']
  readonly upstreamRequestId: string | undefined
  readonly modelServed: string | undefined
  readonly stopReason: string | undefined
}
