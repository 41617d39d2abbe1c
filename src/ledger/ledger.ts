import type { Id } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import type { TokenUsage } from '../core/usage.ts'

/** What is known about an upstream call before its first byte leaves. */
export interface CallOpening {
  readonly id: Id<'call'>
  readonly exchangeId: Id<'request'>
  readonly ordinal: number
  readonly organisationId: Id<'organisation'>
  readonly workspaceId: Id<'workspace'>
  readonly keyId: Id<'key'>
  readonly userId: Id<'user'> | undefined
  readonly providerId: Id<'provider'>
  readonly providerSlug: string
  readonly providerKind: string
  readonly endpoint: 'messages' | 'count_tokens'
  readonly model: string
  // Of its exchange: what usage is added up by, besides who and what.
  /** When the exchange was received, in milliseconds since the epoch: reports file a call under that moment. */
  readonly receivedAt: number
  readonly sessionKey: string | undefined
  readonly project: string | undefined
  /** As in ExchangeRecord. */
  readonly requestClass: string | undefined
  /** The budget buckets that it is charged to (limits/limit.ts), so that a restart can add them up again. */
  readonly buckets: readonly string[]
  /** The most it may use. Strict budgets count that, should the process die before anybody can tell what it has used. */
  readonly held: { readonly costNanos: Nanos; readonly tokens: number }
  /** Milliseconds since the epoch. */
  readonly openedAt: number
  /** What to charge if the process dies before the call is closed: input from the body's size, no output. */
  readonly fallback: CallCharge
}

export interface CallCharge {
  readonly usage: TokenUsage
  readonly estimated: boolean
  readonly costNanos: Nanos
  readonly priceVersion: string
  readonly priceFlag: 'listed' | 'unknown_model' | 'free'
}

/** How an upstream call ended. */
export interface CallClosing extends CallCharge {
  readonly outcome: 'completed' | 'failed' | 'interrupted'
  readonly interruptedBy: 'client' | 'upstream' | 'shutdown' | 'gateway' | 'crash' | undefined
  readonly modelServed: string | undefined
  readonly upstreamStatus: number | undefined
  readonly upstreamRequestId: string | undefined
  readonly closedAt: number
}

/**
 * The account book of upstream calls: every call that was started stands in it exactly once, whatever ended it.
 * Both methods return when the entry would survive the death of this process; within 50 ms it also survives the machine's.
 */
export interface Ledger {
  /** Throws `gateway.ledger_unavailable` when the entry cannot be kept; the call must not be made then. */
  open(call: CallOpening): void
  /** Never throws: what cannot be written now is kept and written later. Closing twice is an error in the caller and ignored. */
  close(id: Id<'call'>, closing: CallClosing): void
}
