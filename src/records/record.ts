import type { Id } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import type { TokenUsage } from '../core/usage.ts'
import type { BodyState } from './transcript.ts'

/** The one narrow row that says what happened in an exchange. */
export interface ExchangeRecord {
  readonly id: Id<'request'>
  readonly endpoint: 'messages' | 'count_tokens'
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  // Who. Undefined for a request whose key nobody knows.
  readonly organisationId: Id<'organisation'> | undefined
  readonly workspaceId: Id<'workspace'> | undefined
  readonly keyId: Id<'key'> | undefined
  readonly userId: Id<'user'> | undefined
  readonly metadata: Readonly<Record<string, string>>
  readonly traceId: string | undefined
  /** Portkey's grouping inside a trace, as the client sends it. */
  readonly spanId: string | undefined
  readonly parentSpanId: string | undefined
  readonly spanName: string | undefined
  /** The tag `project`. */
  readonly project: string | undefined
  // What the client says of itself: claims, not proof.
  readonly client: string | undefined
  readonly clientVersion: string | undefined
  readonly sessionId: string | undefined
  /** `ses_…`: that claim within its workspace and person (core/session-key.ts). */
  readonly sessionKey: string | undefined
  readonly agentId: string | undefined
  readonly parentAgentId: string | undefined
  readonly promptId: string | undefined
  /** `main`, `subagent`, `workflow`, `compaction`, `auxiliary`, or `probe` for one-token checks; undefined when unknown. */
  readonly requestClass: string | undefined
  // What was asked and who served it.
  readonly streaming: boolean
  readonly modelAsked: string | undefined
  readonly modelServed: string | undefined
  readonly providerId: Id<'provider'> | undefined
  readonly providerSlug: string | undefined
  readonly attempts: number
  /** The config that was followed, and its saved version; undefined without one, or for one that came with the request. */
  readonly configId: string | undefined
  readonly configVersionId: string | undefined
  /** Where the target that answered stands in it: `config.targets[1]`. */
  readonly targetPath: string | undefined
  /** Tries after the first at that target; -1 when all were used up. */
  readonly retries: number
  /** Portkey's words: `HIT`, `MISS`, `REFRESH` or `DISABLED`. */
  readonly cacheStatus: string | undefined
  /** Every target that was tried or skipped, in order; empty when the first one answered at once. */
  readonly route: readonly RouteStep[]
  /** What had to be changed for the target that answered, such as `dropped context_management`. */
  readonly changes: readonly string[]
  readonly upstreamRequestId: string | undefined
  // How it ended.
  /** The status the client saw; 0 when the process died before anybody could tell. */
  readonly status: number
  readonly outcome: 'completed' | 'interrupted' | 'refused'
  /** `crash`: the process died, and the next one wrote this record from what the ledger knew. */
  readonly interruptedBy: 'client' | 'upstream' | 'shutdown' | 'gateway' | 'crash' | undefined
  readonly errorCode: string | undefined
  readonly stopReason: string | undefined
  // What it used and cost: the sum over its attempts.
  readonly usage: TokenUsage
  readonly estimated: boolean
  readonly costNanos: Nanos
  readonly priceVersion: string | undefined
  readonly priceFlag: 'listed' | 'unknown_model' | 'free' | undefined
  // Durations in milliseconds with fractions, each from the request's arrival; undefined when it never came to that.
  /** Until the request was ready to leave: reading the body, every check, every wait of our own. */
  readonly queueMs: number | undefined
  /** From then until an upstream connection took it. */
  readonly connectMs: number | undefined
  /** Until the upstream's head arrived. */
  readonly firstByteMs: number | undefined
  /** Until the first content event. */
  readonly firstTokenMs: number | undefined
  readonly totalMs: number
  /** What the gateway itself added: from the body's last byte to the upstream, and from the upstream's last byte to the client. */
  readonly overheadMs: number | undefined
  readonly requestBytes: number
  readonly responseBytes: number
  // Its content.
  readonly bodyState: BodyState
  /** Where it lies (shelf.ts). */
  readonly shelf: string | undefined
  /** `api`: handed in by somebody who made the call without the gateway. */
  readonly source: 'gateway' | 'api'
}

/** One target on the way of an exchange, and why it was left. */
export interface RouteStep {
  readonly path: string
  readonly provider: string | undefined
  /** `skipped` costs no call; `repaired` was asked again at once with less in the request. */
  readonly result: 'answered' | 'failed' | 'skipped' | 'retried' | 'repaired'
  /** The upstream's status; undefined when it never came to one. */
  readonly status: number | undefined
  /** An error code of ours, or the upstream's `error.type`. */
  readonly reason: string | undefined
  /** Milliseconds that this step took. */
  readonly ms: number
}

/** Takes records off the hot path. Never throws and never waits; what it had to drop it counts. */
export interface Recorder {
  record(record: ExchangeRecord): void
}
