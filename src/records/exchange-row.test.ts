import type { Insertable } from 'kysely'
import { expect, expectTypeOf, test } from 'vitest'
import { crashedCallRow, ledgerCallRow } from '../ledger/ledger-call-row.ts'
import type { ExchangeTable } from '../store/schema-records.ts'
import { sampleClosing, sampleOpening, sampleRecord } from '../testing/sample-calls.ts'
import { asId } from '../core/ids.ts'
import { crashedExchangeRow } from './crashed-exchange-row.ts'
import { exchangeRow, type ExchangeRow } from './exchange-row.ts'

test('a row has every column of its table, and no other', () => {
  expectTypeOf<ExchangeRow>().toExtend<Insertable<ExchangeTable>>()
  expectTypeOf<keyof ExchangeRow>().toEqualTypeOf<keyof ExchangeTable>()
})

test('a record becomes a row with nothing lost: absent is null, true is 1, tags are JSON', () => {
  const step = {
    path: 'config.targets[0]',
    provider: '@a',
    result: 'failed',
    status: 529,
    reason: undefined,
    ms: 2.5,
  } as const
  const record = sampleRecord('req_1', {
    estimated: true,
    configId: 'pc-main',
    configVersionId: 'version_3',
    targetPath: 'config.targets[1]',
    retries: -1,
    cacheStatus: 'MISS',
    route: [step],
    changes: ['dropped context_management'],
  })
  expect(exchangeRow(record)).toEqual({
    id: 'req_1',
    endpoint: 'messages',
    received_at: 1_795_000_000_000,
    organisation_id: 'org_1',
    workspace_id: 'ws_1',
    key_id: 'key_1',
    user_id: 'user_1',
    metadata: '{"team":"platform","city":"Zürich"}',
    trace_id: 'trace_1',
    client: 'claude-code',
    client_version: '2.1.330',
    session_id: '5e0c9d5e-3a1c-4f0e-9b57-0d6a3f8c2b11',
    agent_id: null,
    parent_agent_id: null,
    prompt_id: null,
    request_class: 'main',
    streaming: 1,
    model_asked: 'claude-opus-4-8',
    model_served: 'claude-opus-4-8-20260401',
    provider_id: 'provider_1',
    provider_slug: 'anthropic-main',
    attempts: 1,
    config_id: 'pc-main',
    config_version_id: 'version_3',
    target_path: 'config.targets[1]',
    retries: -1,
    cache_status: 'MISS',
    route: '[{"path":"config.targets[0]","provider":"@a","result":"failed","status":529,"ms":2.5}]',
    changes: '["dropped context_management"]',
    upstream_request_id: 'req_upstream',
    status: 200,
    outcome: 'completed',
    interrupted_by: null,
    error_code: null,
    stop_reason: 'end_turn',
    price_version: '2026-11-23',
    price_flag: 'listed',
    queue_ms: 0.25,
    connect_ms: 0.5,
    first_byte_ms: 320.5,
    first_token_ms: 340.125,
    total_ms: 2_500.5,
    overhead_ms: 0.75,
    request_bytes: 330_000,
    response_bytes: 41_000,
    session_key: 'ses_1',
    project: 'payments',
    span_id: null,
    parent_span_id: null,
    span_name: null,
    shelf: null,
    body_state: 'metadata',
    source: 'gateway',
    input_tokens: 100,
    output_tokens: 10,
    cache_read_tokens: 7,
    cache_write_5m_tokens: 0,
    cache_write_1h_tokens: 0,
    thinking_tokens: 0,
    web_searches: 0,
    web_fetches: 0,
    code_executions: 0,
    estimated: 1,
    cost_nanos: 750_000n,
  })
})

test('an exchange that the process did not live to record is the sum of its calls', () => {
  const exchangeId = asId<'request'>('req_1')
  const first = ledgerCallRow(sampleOpening('call_1', { exchangeId }), sampleClosing())
  const second = crashedCallRow(sampleOpening('call_2', { exchangeId, ordinal: 1, model: 'claude-haiku-4-5' }))
  expect(crashedExchangeRow([first, { ...second, closed_at: first.opened_at + 4_000 }])).toMatchObject({
    id: 'req_1',
    workspace_id: 'ws_1',
    status: 0,
    outcome: 'interrupted',
    interrupted_by: 'crash',
    attempts: 2,
    model_asked: 'claude-haiku-4-5',
    input_tokens: 190,
    output_tokens: 10,
    cost_nanos: 1_200_000n,
    estimated: 1,
    total_ms: 4_000,
  })
})
