import { asId } from '../core/ids.ts'
import { NO_USAGE } from '../core/usage.ts'
import type { CallClosing, CallOpening } from '../ledger/ledger.ts'
import type { ExchangeRecord } from '../records/record.ts'

/** A call that is about to be made, by default to a model that will answer with 10 tokens for 100. */
export function sampleOpening(id: string, change: Partial<CallOpening> = {}): CallOpening {
  return {
    id: asId(id),
    exchangeId: asId(`req_${id}`),
    ordinal: 0,
    organisationId: asId('org_1'),
    workspaceId: asId('ws_1'),
    keyId: asId('key_1'),
    userId: asId('user_1'),
    providerId: asId('provider_1'),
    providerSlug: 'anthropic-main',
    providerKind: 'anthropic',
    buckets: [],
    held: { costNanos: 0n, tokens: 0 },
    endpoint: 'messages',
    model: 'claude-opus-4-8',
    receivedAt: 1_795_000_000_000,
    sessionKey: 'ses_1',
    project: 'payments',
    requestClass: 'main',
    openedAt: 1_795_000_000_000,
    fallback: {
      usage: { ...NO_USAGE, input: 90 },
      estimated: true,
      costNanos: 450_000n,
      priceVersion: '2026-11-23',
      priceFlag: 'listed',
    },
    ...change,
  }
}

/** The end of such a call: whole, and with reported usage. */
export function sampleClosing(change: Partial<CallClosing> = {}): CallClosing {
  return {
    outcome: 'completed',
    interruptedBy: undefined,
    modelServed: 'claude-opus-4-8-20260401',
    upstreamStatus: 200,
    upstreamRequestId: 'req_upstream',
    closedAt: 1_795_000_002_500,
    usage: { ...NO_USAGE, input: 100, output: 10, cacheRead: 7 },
    estimated: false,
    costNanos: 750_000n,
    priceVersion: '2026-11-23',
    priceFlag: 'listed',
    ...change,
  }
}

/** The record of an exchange that went well, with about as many fields as Claude Code fills. */
export function sampleRecord(id: string, change: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    id: asId(id),
    endpoint: 'messages',
    receivedAt: 1_795_000_000_000,
    organisationId: asId('org_1'),
    workspaceId: asId('ws_1'),
    keyId: asId('key_1'),
    userId: asId('user_1'),
    metadata: { team: 'platform', city: 'Zürich' },
    traceId: 'trace_1',
    client: 'claude-code',
    clientVersion: '2.1.330',
    sessionId: '5e0c9d5e-3a1c-4f0e-9b57-0d6a3f8c2b11',
    agentId: undefined,
    parentAgentId: undefined,
    promptId: undefined,
    requestClass: 'main',
    streaming: true,
    modelAsked: 'claude-opus-4-8',
    modelServed: 'claude-opus-4-8-20260401',
    providerId: asId('provider_1'),
    providerSlug: 'anthropic-main',
    attempts: 1,
    configId: undefined,
    configVersionId: undefined,
    targetPath: 'config',
    retries: 0,
    cacheStatus: 'DISABLED',
    route: [],
    changes: [],
    upstreamRequestId: 'req_upstream',
    status: 200,
    outcome: 'completed',
    interruptedBy: undefined,
    errorCode: undefined,
    stopReason: 'end_turn',
    usage: { ...NO_USAGE, input: 100, output: 10, cacheRead: 7 },
    estimated: false,
    costNanos: 750_000n,
    priceVersion: '2026-11-23',
    priceFlag: 'listed',
    queueMs: 0.25,
    connectMs: 0.5,
    firstByteMs: 320.5,
    firstTokenMs: 340.125,
    totalMs: 2_500.5,
    overheadMs: 0.75,
    requestBytes: 330_000,
    responseBytes: 41_000,
    spanId: undefined,
    parentSpanId: undefined,
    spanName: undefined,
    project: 'payments',
    sessionKey: 'ses_1',
    bodyState: 'metadata',
    shelf: undefined,
    source: 'gateway',
    ...change,
  }
}
