import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tracedExchange } from '../../testing/traced-exchange.ts'
import { describeExchange } from './describe-exchange.ts'

const find = (_workspaceId: string, slug: string) => ({
  kind: slug === 'aws' ? 'bedrock' : 'anthropic',
  origin: `https://${slug}.example.com`,
})

test('an exchange is a server span, its call a client span below it', () => {
  const [root, call, ...others] = describeExchange(tracedExchange(), find)
  expect(others).toEqual([])
  expect(root).toMatchObject({ name: 'POST /v1/messages', kind: 'server', parentSpanId: undefined, failed: false })
  expect(root!.attributes).toMatchObject({
    'http.response.status_code': 200,
    'gen_ai.conversation.id': 'ses_1',
    'portcullis.workspace.id': 'workspace-1',
    'portcullis.key.id': 'key-1',
    'portcullis.cost.usd': '0.0015',
  })
  expect(call).toMatchObject({
    name: 'chat claude-opus-5-5',
    kind: 'client',
    parentSpanId: root!.spanId,
    failed: false,
  })
  expect(call!.startMs - root!.startMs).toBe(2)
  expect(call!.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.response.model': 'claude-opus-5-5-20261001',
    'gen_ai.response.finish_reasons': ['end_turn'],
    'gen_ai.usage.input_tokens': 1_054,
    'gen_ai.usage.output_tokens': 7,
    'gen_ai.usage.cache_read.input_tokens': 1_000,
    'gen_ai.usage.cache_creation.input_tokens': 34,
    'server.address': 'prod.example.com',
    'server.port': 443,
  })
})

test('every try of a failover is a span of its own, in order, and a target that was passed over is none', () => {
  const step = { reason: undefined, status: 200, ms: 100 }
  const [root, ...calls] = describeExchange(
    tracedExchange({
      attempts: 2,
      queueMs: 500,
      route: [
        {
          ...step,
          path: 'config.targets[0]',
          provider: 'aws',
          result: 'failed',
          status: 529,
          reason: 'overloaded_error',
        },
        { ...step, path: 'config.targets[1]', provider: 'gone', result: 'skipped' },
        { ...step, path: 'config.targets[2]', provider: 'prod', result: 'answered' },
      ],
    }),
    find,
  )
  expect(calls.map(({ startMs, endMs }) => [startMs - root!.startMs, endMs - root!.startMs])).toEqual([
    [400, 500],
    [500, 1_200],
  ])
  expect(calls.map(({ failed }) => failed)).toEqual([true, false])
  expect(calls[0]!.attributes).toMatchObject({
    'gen_ai.provider.name': 'aws.bedrock',
    'error.type': 'overloaded_error',
  })
  expect(calls[0]!.attributes).not.toHaveProperty('gen_ai.usage.input_tokens')
  expect(calls[1]!.attributes).toMatchObject({ 'portcullis.provider': '@prod', 'gen_ai.usage.output_tokens': 7 })
})

test('a refusal has no call, and is the caller’s error', () => {
  const spans = describeExchange(
    tracedExchange({ attempts: 0, status: 403, outcome: 'refused', errorCode: 'budget.exhausted', queueMs: undefined }),
    find,
  )
  expect(spans).toHaveLength(1)
  expect(spans[0]).toMatchObject({ failed: false, attributes: { 'error.type': 'budget.exhausted' } })
})

test('a trace that the client has begun goes on', () => {
  const [root] = describeExchange(
    tracedExchange({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: 'c'.repeat(16) }),
    find,
  )
  expect(root).toMatchObject({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: 'c'.repeat(16) })
})

test('without one, the request id is the trace id', () => {
  const [root] = describeExchange(tracedExchange(), find)
  expect(root!.traceId).toBe('019ab3f2c4d01f2e3d4c5b6a79881726')
})

test('a trace in words of the client’s own is one trace in its workspace, and another one elsewhere', () => {
  const traceOf = (id: string, workspaceId: string) =>
    describeExchange(tracedExchange({ id, workspaceId, traceId: 'nightly' }), find)[0]!.traceId
  expect(traceOf('req_1', 'one')).toBe(traceOf('req_2', 'one'))
  expect(traceOf('req_1', 'one')).not.toBe(traceOf('req_1', 'other'))
})

test('whatever a client claims, ids are ids and no span ends before it begins', () => {
  const word = fc.option(fc.oneof(fc.string(), fc.constantFrom('0'.repeat(16), '0'.repeat(32), 'f'.repeat(16))), {
    nil: undefined,
  })
  const ms = fc.double({ min: 0, max: 1e6, noNaN: true })
  const result = fc.constantFrom('answered', 'failed', 'skipped', 'retried', 'repaired')
  const route = fc.array(
    fc.record({ path: fc.string(), provider: word, result, status: fc.constant(500), reason: word, ms }),
  )
  fc.assert(
    fc.property(
      word,
      word,
      word,
      fc.string(),
      ms,
      ms,
      route,
      (traceId, spanId, parentSpanId, id, queueMs, totalMs, steps) => {
        const exchange = tracedExchange({ id, traceId, spanId, parentSpanId, queueMs, totalMs, route: steps as never })
        const spans = describeExchange(exchange, () => undefined)
        for (const span of spans) {
          expect(span.traceId).toMatch(/^(?!0{32})[\da-f]{32}$/)
          expect(span.spanId).toMatch(/^(?!0{16})[\da-f]{16}$/)
          expect(span.endMs).toBeGreaterThanOrEqual(span.startMs)
        }
        expect(new Set(spans.map(({ spanId: each }) => each)).size).toBe(spans.length)
      },
    ),
  )
})
