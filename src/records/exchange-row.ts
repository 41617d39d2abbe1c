import { chargeColumns } from '../ledger/ledger-call-row.ts'
import type { ExchangeRecord } from './record.ts'

/** One exchange as a row of the table `exchanges`; the column names are those of store/schema.ts. */
export type ExchangeRow = ReturnType<typeof exchangeRow>

export function exchangeRow(record: ExchangeRecord) {
  return {
    id: record.id as string,
    endpoint: record.endpoint as string,
    received_at: record.receivedAt,
    organisation_id: (record.organisationId ?? null) as string | null,
    workspace_id: (record.workspaceId ?? null) as string | null,
    key_id: (record.keyId ?? null) as string | null,
    user_id: (record.userId ?? null) as string | null,
    metadata: JSON.stringify(record.metadata),
    trace_id: record.traceId ?? null,
    client: record.client ?? null,
    client_version: record.clientVersion ?? null,
    session_id: record.sessionId ?? null,
    agent_id: record.agentId ?? null,
    parent_agent_id: record.parentAgentId ?? null,
    prompt_id: record.promptId ?? null,
    request_class: record.requestClass ?? null,
    streaming: record.streaming ? 1 : 0,
    model_asked: record.modelAsked ?? null,
    model_served: record.modelServed ?? null,
    provider_id: (record.providerId ?? null) as string | null,
    provider_slug: record.providerSlug ?? null,
    attempts: record.attempts,
    upstream_request_id: record.upstreamRequestId ?? null,
    status: record.status,
    outcome: record.outcome as string,
    interrupted_by: (record.interruptedBy ?? null) as string | null,
    error_code: record.errorCode ?? null,
    stop_reason: record.stopReason ?? null,
    price_version: record.priceVersion ?? null,
    price_flag: (record.priceFlag ?? null) as string | null,
    queue_ms: record.queueMs ?? null,
    connect_ms: record.connectMs ?? null,
    first_byte_ms: record.firstByteMs ?? null,
    first_token_ms: record.firstTokenMs ?? null,
    total_ms: record.totalMs,
    overhead_ms: record.overheadMs ?? null,
    request_bytes: record.requestBytes,
    response_bytes: record.responseBytes,
    ...chargeColumns(record),
  }
}
