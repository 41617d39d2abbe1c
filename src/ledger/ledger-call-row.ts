import type { CallCharge, CallClosing, CallOpening } from './ledger.ts'

/** One upstream call as a row of the table `ledger_calls`; the column names are those of store/schema.ts. */
export type LedgerCallRow = ReturnType<typeof ledgerCallRow>

/** The row of a call that has ended. */
export function ledgerCallRow(call: CallOpening, closing: CallClosing) {
  return {
    id: call.id as string,
    exchange_id: call.exchangeId as string,
    ordinal: call.ordinal,
    organisation_id: call.organisationId as string,
    workspace_id: call.workspaceId as string,
    key_id: call.keyId as string,
    user_id: (call.userId ?? null) as string | null,
    provider_id: call.providerId as string,
    provider_slug: call.providerSlug,
    provider_kind: call.providerKind,
    endpoint: call.endpoint as string,
    model: call.model,
    model_served: closing.modelServed ?? null,
    opened_at: call.openedAt,
    closed_at: closing.closedAt,
    outcome: closing.outcome as string,
    interrupted_by: (closing.interruptedBy ?? null) as string | null,
    upstream_status: closing.upstreamStatus ?? null,
    upstream_request_id: closing.upstreamRequestId ?? null,
    price_version: closing.priceVersion,
    price_flag: closing.priceFlag as string,
    buckets: call.buckets.length === 0 ? '[]' : JSON.stringify(call.buckets),
    held_nanos: 0,
    held_tokens: 0,
    received_at: call.receivedAt,
    session_key: call.sessionKey ?? null,
    project: call.project ?? null,
    request_class: call.requestClass ?? null,
    ...chargeColumns(closing),
  }
}

/**
 * The row that a call leaves when nothing more is ever heard of it. It is written when the call is opened, so that a
 * restart can close the call without knowing anything but this row; only `closed_at` is still to be found out.
 */
export function crashedCallRow(call: CallOpening): LedgerCallRow {
  const row = ledgerCallRow(call, {
    ...call.fallback,
    estimated: true,
    outcome: 'interrupted',
    interruptedBy: 'crash',
    modelServed: undefined,
    upstreamStatus: undefined,
    upstreamRequestId: undefined,
    closedAt: call.openedAt,
  })
  // No call costs more than 2^53 nano-dollars, nine million dollars: a number holds it.
  return { ...row, held_nanos: Number(call.held.costNanos), held_tokens: call.held.tokens }
}

/** The columns for tokens and money, which calls and exchanges share. */
export function chargeColumns(charge: Pick<CallCharge, 'usage' | 'estimated' | 'costNanos'>) {
  const { usage } = charge
  return {
    input_tokens: usage.input,
    output_tokens: usage.output,
    cache_read_tokens: usage.cacheRead,
    cache_write_5m_tokens: usage.cacheWrite5m,
    cache_write_1h_tokens: usage.cacheWrite1h,
    thinking_tokens: usage.thinking,
    web_searches: usage.webSearches,
    web_fetches: usage.webFetches,
    code_executions: usage.codeExecutions,
    estimated: charge.estimated ? 1 : 0,
    cost_nanos: charge.costNanos,
  }
}
