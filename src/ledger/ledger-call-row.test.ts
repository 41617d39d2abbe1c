import type { Insertable } from 'kysely'
import { expect, expectTypeOf, test } from 'vitest'
import type { LedgerCallTable } from '../store/schema-records.ts'
import { sampleClosing, sampleOpening } from '../testing/sample-calls.ts'
import { crashedCallRow, ledgerCallRow, type LedgerCallRow } from './ledger-call-row.ts'

test('a row has every column of its table, and no other', () => {
  expectTypeOf<LedgerCallRow>().toExtend<Insertable<LedgerCallTable>>()
  expectTypeOf<keyof LedgerCallRow>().toEqualTypeOf<keyof LedgerCallTable>()
})

test('a closed call becomes a row with who asked, how it ended and what it cost', () => {
  expect(ledgerCallRow(sampleOpening('call_1'), sampleClosing())).toEqual({
    id: 'call_1',
    exchange_id: 'req_call_1',
    ordinal: 0,
    organisation_id: 'org_1',
    workspace_id: 'ws_1',
    key_id: 'key_1',
    user_id: 'user_1',
    provider_id: 'provider_1',
    provider_slug: 'anthropic-main',
    provider_kind: 'anthropic',
    endpoint: 'messages',
    model: 'claude-opus-4-8',
    model_served: 'claude-opus-4-8-20260401',
    opened_at: 1_795_000_000_000,
    closed_at: 1_795_000_002_500,
    outcome: 'completed',
    interrupted_by: null,
    upstream_status: 200,
    upstream_request_id: 'req_upstream',
    price_version: '2026-11-23',
    price_flag: 'listed',
    buckets: '[]',
    held_nanos: 0,
    held_tokens: 0,
    received_at: 1_795_000_000_000,
    session_key: 'ses_1',
    project: 'payments',
    request_class: 'main',
    input_tokens: 100,
    output_tokens: 10,
    cache_read_tokens: 7,
    cache_write_5m_tokens: 0,
    cache_write_1h_tokens: 0,
    thinking_tokens: 0,
    web_searches: 0,
    web_fetches: 0,
    code_executions: 0,
    estimated: 0,
    cost_nanos: 750_000n,
  })
})

test('a call of which nothing more is heard is charged as its opening said, and marked as an estimate', () => {
  const opening = sampleOpening('call_1', { fallback: { ...sampleOpening('').fallback, estimated: false } })
  expect(crashedCallRow(opening)).toMatchObject({
    outcome: 'interrupted',
    interrupted_by: 'crash',
    estimated: 1,
    cost_nanos: 450_000n,
    input_tokens: 90,
    output_tokens: 0,
    upstream_status: null,
  })
})
