import type { CountedExchange, CountedStep } from '../counted-exchange.ts'

/** What is told of an exchange over OpenTelemetry: where it stands, never what was said. A record of records/record.ts is one. */
export interface TracedExchange extends CountedExchange {
  /** `req_` and 32 hex digits. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly keyId: string | undefined
  readonly project: string | undefined
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  readonly parentSpanId: string | undefined
  readonly sessionKey: string | undefined
  readonly agentId: string | undefined
  readonly requestClass: string | undefined
  readonly modelAsked: string | undefined
  readonly stopReason: string | undefined
  readonly upstreamRequestId: string | undefined
  readonly route: readonly TracedStep[]
  /** Milliseconds from its arrival until the last try was ready to leave; undefined when it never came to that. */
  readonly queueMs: number | undefined
}

export interface TracedStep extends CountedStep {
  readonly status: number | undefined
  readonly reason: string | undefined
  /** Milliseconds that it took. */
  readonly ms: number
}

/** Where a workspace's provider is, as far as telemetry tells it. */
export interface TracedUpstream {
  /** Our word for what it is, such as `bedrock`. */
  readonly kind: string
  /** Scheme, host and port. */
  readonly origin: string
}
