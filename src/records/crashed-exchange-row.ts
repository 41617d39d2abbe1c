import type { LedgerCallRow } from '../ledger/ledger-call-row.ts'
import type { ExchangeRow } from './exchange-row.ts'

/**
 * The record of an exchange whose process died before it could write one, from the calls that the ledger knows, in the
 * order in which they began. Who asked, for which model and what it cost is known. What the client said of itself, what
 * it saw and how long it waited is not: the status is 0.
 */
export function crashedExchangeRow(calls: readonly [LedgerCallRow, ...LedgerCallRow[]]): ExchangeRow {
  const first = calls[0]
  const last = calls.at(-1)!
  return {
    id: first.exchange_id,
    endpoint: first.endpoint,
    received_at: first.received_at,
    organisation_id: first.organisation_id,
    workspace_id: first.workspace_id,
    key_id: first.key_id,
    user_id: first.user_id,
    metadata: '{}',
    trace_id: null,
    client: null,
    client_version: null,
    session_id: null,
    agent_id: null,
    parent_agent_id: null,
    prompt_id: null,
    request_class: first.request_class,
    streaming: 0,
    model_asked: last.model,
    model_served: last.model_served,
    provider_id: last.provider_id,
    provider_slug: last.provider_slug,
    attempts: last.ordinal + 1,
    config_id: null,
    config_version_id: null,
    target_path: null,
    retries: 0,
    cache_status: null,
    route: '[]',
    changes: '[]',
    upstream_request_id: last.upstream_request_id,
    status: 0,
    outcome: 'interrupted',
    interrupted_by: 'crash',
    error_code: null,
    stop_reason: null,
    price_version: last.price_version,
    price_flag: last.price_flag,
    queue_ms: null,
    connect_ms: null,
    first_byte_ms: null,
    first_token_ms: null,
    total_ms: last.closed_at - first.received_at,
    overhead_ms: null,
    request_bytes: 0,
    response_bytes: 0,
    session_key: first.session_key,
    project: first.project,
    span_id: null,
    parent_span_id: null,
    span_name: null,
    shelf: null,
    body_state: 'none',
    source: 'gateway',
    input_tokens: sum('input_tokens'),
    output_tokens: sum('output_tokens'),
    cache_read_tokens: sum('cache_read_tokens'),
    cache_write_5m_tokens: sum('cache_write_5m_tokens'),
    cache_write_1h_tokens: sum('cache_write_1h_tokens'),
    thinking_tokens: sum('thinking_tokens'),
    web_searches: sum('web_searches'),
    web_fetches: sum('web_fetches'),
    code_executions: sum('code_executions'),
    estimated: calls.some((call) => call.estimated === 1) ? 1 : 0,
    cost_nanos: calls.reduce((total, call) => total + call.cost_nanos, 0n),
  }

  function sum(column: CountColumn): number {
    return calls.reduce((total, call) => total + call[column], 0)
  }
}

type CountColumn = Extract<keyof LedgerCallRow, `${string}_tokens` | 'web_searches' | 'web_fetches' | 'code_executions'>
