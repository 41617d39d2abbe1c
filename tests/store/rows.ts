import type { Insertable } from 'kysely'
import { newId, newRequestId } from '../../src/core/ids.ts'
import type { ExchangeTable, LedgerCallTable } from '../../src/store/schema.ts'

const USAGE = {
  input_tokens: 1,
  output_tokens: 2,
  cache_read_tokens: 3,
  cache_write_5m_tokens: 4,
  cache_write_1h_tokens: 5,
  thinking_tokens: 6,
  web_searches: 7,
  web_fetches: 8,
  code_executions: 9,
  estimated: 0,
  cost_nanos: 1_000_000n,
}

/** A finished exchange with every column filled or null, less what a test says. */
export function exchangeRow(over: Partial<Insertable<ExchangeTable>> = {}): Insertable<ExchangeTable> {
  const received = over.received_at ?? 1_000
  return {
    id: newRequestId(received),
    endpoint: 'messages',
    received_at: received,
    organisation_id: 'organisation',
    workspace_id: 'workspace',
    key_id: 'key',
    user_id: null,
    metadata: '{"team":"payments"}',
    trace_id: 'trace',
    client: 'claude-cli',
    client_version: '2.1.330',
    session_id: 'session',
    agent_id: null,
    parent_agent_id: null,
    prompt_id: null,
    request_class: 'main',
    streaming: 1,
    model_asked: 'claude-opus-5',
    model_served: 'claude-opus-5-20260101',
    provider_id: 'provider',
    provider_slug: 'sandbox',
    attempts: 1,
    upstream_request_id: 'req_upstream',
    status: 200,
    outcome: 'completed',
    interrupted_by: null,
    error_code: null,
    stop_reason: 'end_turn',
    price_version: '2026-11-23',
    price_flag: 'listed',
    queue_ms: 0.25,
    connect_ms: null,
    first_byte_ms: 1.5,
    first_token_ms: 2,
    total_ms: 1234.5678,
    overhead_ms: 0.125,
    request_bytes: 330_000,
    response_bytes: 40_000,
    ...USAGE,
    ...over,
  }
}

/** A closed upstream call with every column filled or null, less what a test says. */
export function callRow(over: Partial<Insertable<LedgerCallTable>> = {}): Insertable<LedgerCallTable> {
  return {
    id: newId(1_000),
    exchange_id: 'req_1',
    ordinal: 0,
    organisation_id: 'organisation',
    workspace_id: 'workspace',
    key_id: 'key',
    user_id: null,
    provider_id: 'provider',
    provider_slug: 'sandbox',
    provider_kind: 'scripted',
    endpoint: 'messages',
    model: 'claude-opus-5',
    model_served: 'claude-opus-5-20260101',
    opened_at: 1_000,
    closed_at: 2_000,
    outcome: 'completed',
    interrupted_by: null,
    upstream_status: 200,
    upstream_request_id: null,
    price_version: '2026-11-23',
    price_flag: 'listed',
    ...USAGE,
    ...over,
  }
}
