import { NO_USAGE } from '../core/usage.ts'
import type { TracedExchange } from '../telemetry/otel/traced-exchange.ts'

/** An exchange as telemetry sees it: one call of a Claude Code session that went well. */
export function tracedExchange(over: Partial<TracedExchange> = {}): TracedExchange {
  const id = over.id ?? 'req_019ab3f2c4d01f2e3d4c5b6a79881726'
  return {
    id,
    receivedAt: Date.UTC(2026, 10, 23),
    endpoint: 'messages',
    workspaceId: 'workspace-1',
    keyId: 'key-1',
    project: 'payments',
    traceId: id,
    spanId: undefined,
    parentSpanId: undefined,
    sessionKey: 'ses_1',
    agentId: undefined,
    requestClass: 'main',
    modelAsked: 'claude-opus-5-5',
    modelServed: 'claude-opus-5-5-20261001',
    providerSlug: 'prod',
    streaming: true,
    attempts: 1,
    route: [],
    status: 200,
    outcome: 'completed',
    interruptedBy: undefined,
    errorCode: undefined,
    stopReason: 'end_turn',
    cacheStatus: 'DISABLED',
    upstreamRequestId: 'req_upstream',
    usage: { ...NO_USAGE, input: 20, output: 7, cacheRead: 1_000, cacheWrite5m: 30, cacheWrite1h: 4 },
    costNanos: 1_500_000n,
    queueMs: 2,
    totalMs: 1_200,
    overheadMs: 1.5,
    firstTokenMs: 300,
    ...over,
  }
}
