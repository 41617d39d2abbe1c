import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { NO_USAGE } from '../core/usage.ts'
import type { CountedExchange } from './counted-exchange.ts'
import { type CircuitGauge, type Metrics, createMetrics } from './metrics.ts'
import { registerMetrics } from './register-metrics.ts'

const DRAIN = { pending: 1, leftInJournal: 2, written: 3, dropped: 4, refused: 5 }

const STORED = { isBuildingRollUps: true, exports: { success: 28 } }

function newMetrics(
  circuits: () => readonly CircuitGauge[] = () => [],
  stored: () => Promise<typeof STORED> = () => Promise.resolve(STORED),
): Metrics {
  return createMetrics({
    version: '1.2.3',
    kindOf: (_workspaceId, slug) => (slug === 'gone' ? undefined : 'anthropic'),
    books: () => ({
      ledger: { openCalls: 6, lateClosings: 7 },
      calls: DRAIN,
      exchanges: DRAIN,
      journal: { files: 1, bytes: 8, appendFailures: 0, syncFailures: 0, tornLines: 0 },
    }),
    answers: () => ({ answers: 9, bytes: 10, pending: 0, dropped: 0, failures: 0 }),
    content: () => ({ kept: 15, dropped: 16, lost: 17, rawBytes: 18, storedBytes: 19, queueBytes: 20, restarts: 29 }),
    exported: () => ({ pending: 21, exported: 22, dropped: 23, failed: 24 }),
    toldByClients: () => ({ logs: { taken: 25, rejected: 26, refused: 27 } }),
    stored,
    budgets: () => ({ buckets: 12, runningHolds: 13, overflowed: 14 }),
    circuits,
    running: () => 11,
  })
}

/** A record with what metrics look at. */
function record(over: Partial<CountedExchange> = {}): CountedExchange {
  return {
    endpoint: 'messages',
    workspaceId: 'workspace-secret-name',
    providerSlug: 'prod',
    modelServed: 'claude-sonnet-5-5',
    streaming: true,
    attempts: 1,
    route: [],
    status: 200,
    outcome: 'completed',
    cacheStatus: 'MISS',
    usage: { ...NO_USAGE, input: 25, output: 7 },
    costNanos: 30_000_000n,
    interruptedBy: undefined,
    errorCode: undefined,
    totalMs: 1200,
    overheadMs: 1.5,
    firstTokenMs: 300,
    ...over,
  }
}

async function linesAfter(metrics: Metrics, records: readonly CountedExchange[]): Promise<string[]> {
  const kept: CountedExchange[] = []
  const recorder = metrics.watch({ record: (each) => void kept.push(each) })
  for (const each of records) recorder.record(each)
  expect(kept).toEqual(records)
  return (await metrics.expose()).text.split('\n')
}

test('an exchange is counted once, with its tokens and its cost in cents', async () => {
  const lines = await linesAfter(newMetrics(), [record(), record()])
  const served = 'provider="anthropic",provider_slug="prod",model="claude-sonnet-5-5"'
  expect(lines).toContain(
    'request_count{method="POST",endpoint="messages",provider="anthropic",stream="true",code="200",cacheStatus="MISS"} 2',
  )
  expect(lines).toContain(`llm_token_sum{${served},type="input"} 50`)
  expect(lines).toContain(`llm_cost_sum{${served}} 6`)
  expect(lines).toContain('portcullis_upstream_calls_total{provider_slug="prod",outcome="answered"} 2')
})

test('an answer from the cache is a request, but no call and no tokens', async () => {
  const lines = await linesAfter(newMetrics(), [
    record({ attempts: 0, cacheStatus: 'HIT', usage: NO_USAGE, costNanos: 0n }),
  ])
  expect(lines.some((line) => line.includes('cacheStatus="HIT"} 1'))).toBe(true)
  expect(lines.filter((line) => /^(llm_|portcullis_upstream_calls_total\{)/.test(line))).toEqual([])
})

test('every call of a failover is counted where it was made', async () => {
  const lines = await linesAfter(newMetrics(), [
    record({
      attempts: 3,
      route: [
        { path: 'config.targets[0]', provider: 'first', result: 'retried' },
        { path: 'config.targets[0]', provider: 'first', result: 'failed' },
        { path: 'config.targets[1]', provider: 'second', result: 'skipped' },
        { path: 'config.targets[2]', provider: 'prod', result: 'answered' },
      ],
    }),
  ])
  for (const line of [
    'portcullis_upstream_calls_total{provider_slug="first",outcome="retried"} 1',
    'portcullis_upstream_calls_total{provider_slug="first",outcome="failed"} 1',
    'portcullis_upstream_calls_total{provider_slug="prod",outcome="answered"} 1',
    'portcullis_retries_total{provider_slug="first"} 1',
    'portcullis_target_switches_total{provider_slug="first"} 1',
    'portcullis_target_switches_total{provider_slug="second"} 1',
    'portcullis_targets_skipped_total{provider_slug="second"} 1',
  ]) {
    expect(lines).toContain(line)
  }
})

test('an answer that broke off is an interrupted call', async () => {
  const lines = await linesAfter(newMetrics(), [record({ outcome: 'interrupted', interruptedBy: 'client' })])
  expect(lines).toContain('portcullis_upstream_calls_total{provider_slug="prod",outcome="interrupted"} 1')
  expect(lines).toContain('portcullis_interruptions_total{by="client"} 1')
})

test('names of models from outside do not make series without end', async () => {
  const records = Array.from({ length: 1_000 }, (_each, at) => record({ modelServed: `model-${at}` }))
  const lines = await linesAfter(newMetrics(), records)
  expect(lines.filter((line) => line.startsWith('llm_cost_sum{'))).toHaveLength(201)
  expect(lines.some((line) => line.startsWith('llm_cost_sum{') && line.includes('model="other"} 2400'))).toBe(true)
})

test('no name of a workspace stands in the numbers', async () => {
  const lines = await linesAfter(newMetrics(), [record()])
  expect(lines.join('\n')).not.toContain('workspace-secret-name')
})

test('circuits are told as they are now, and those that are forgotten not at all', async () => {
  const circuits: CircuitGauge[] = [
    { provider: 'prod', model: 'a', state: 'open' },
    { provider: 'prod', model: 'a', state: 'closed' },
  ]
  const metrics = newMetrics(() => circuits)
  expect(await linesAfter(metrics, [])).toContain('portcullis_circuit_state{provider_slug="prod",model="a"} 2')
  circuits.length = 0
  expect((await linesAfter(metrics, [])).filter((line) => line.startsWith('portcullis_circuit_state{'))).toEqual([])
})

test('what stands in the books is looked up', async () => {
  const lines = await linesAfter(newMetrics(), [])
  expect(lines).toContain('portcullis_ledger_open_calls 6')
  expect(lines).toContain('portcullis_budget_buckets 12')
  expect(lines).toContain('portcullis_budget_holds 13')
  expect(lines).toContain('portcullis_content_bodies{state="kept"} 15')
  expect(lines).toContain('portcullis_content_bodies{state="dropped"} 16')
  expect(lines).toContain('portcullis_content_bodies{state="lost"} 17')
  expect(lines).toContain('portcullis_content_raw_bytes 18')
  expect(lines).toContain('portcullis_content_stored_bytes 19')
  expect(lines).toContain('portcullis_content_queue_bytes 20')
  expect(lines).toContain('portcullis_content_restarts 29')
  expect(lines).toContain('portcullis_telemetry_exchanges{state="failed"} 24')
  expect(lines).toContain('portcullis_client_telemetry{signal="logs",state="rejected"} 26')
  expect(lines).toContain('portcullis_rollups_building 1')
  expect(lines).toContain('portcullis_log_exports{status="success"} 28')
  expect(lines).toContain('portcullis_budget_overflows 14')
  expect(lines).toContain('portcullis_rows{table="exchanges",state="dropped"} 4')
  expect(lines).toContain('portcullis_exchanges_running 11')
  expect(lines).toContain('portcullis_build_info{version="1.2.3"} 1')
})

test('a store that is away takes its own lines with it, and no others', async () => {
  const lines = await linesAfter(
    newMetrics(undefined, () => Promise.reject(new Error('away'))),
    [record()],
  )
  expect(lines.filter((line) => /^portcullis_(rollups_building|log_exports)/.test(line))).toEqual([])
  expect(lines).toContain('portcullis_budget_overflows 14')
})

test.each([
  ['no key', {}, false, 401],
  ['a key that is not an administrator’s', { authorization: 'Bearer pcl_developer' }, false, 401],
  ['an administrator’s key as bearer', { authorization: 'Bearer admin' }, false, 200],
  ['an administrator’s key in Portkey’s header', { 'x-portkey-api-key': 'admin' }, false, 200],
  ['no key, where metrics are public', {}, true, 200],
])('GET /metrics with %s', async (_what, headers, isPublic, status) => {
  const app = Fastify()
  registerMetrics(app, { metrics: newMetrics(), isPublic, isAdministrator: (secret) => secret === 'admin' })
  const answer = await app.inject({ url: '/metrics', headers })
  expect(answer.statusCode).toBe(status)
  expect(answer.body.includes('request_count')).toBe(status === 200)
  await app.close()
})
