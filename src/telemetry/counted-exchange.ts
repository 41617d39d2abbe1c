import type { Nanos } from '../core/money.ts'
import type { TokenUsage } from '../core/usage.ts'

/** What is counted of an exchange that is over. A record of records/record.ts is one. */
export interface CountedExchange {
  readonly endpoint: string
  readonly workspaceId: string | undefined
  /** Without the `@`. */
  readonly providerSlug: string | undefined
  readonly modelServed: string | undefined
  readonly streaming: boolean
  /** Upstream calls. */
  readonly attempts: number
  readonly route: readonly CountedStep[]
  /** The status that the client saw. */
  readonly status: number
  readonly outcome: 'completed' | 'interrupted' | 'refused'
  readonly interruptedBy: string | undefined
  readonly errorCode: string | undefined
  readonly cacheStatus: string | undefined
  readonly usage: TokenUsage
  readonly costNanos: Nanos
  // Milliseconds.
  readonly totalMs: number
  readonly overheadMs: number | undefined
  readonly firstTokenMs: number | undefined
}

/** One target on the way, and what came of it. */
export interface CountedStep {
  readonly path: string
  readonly provider: string | undefined
  readonly result: 'answered' | 'failed' | 'skipped' | 'retried' | 'repaired'
}
