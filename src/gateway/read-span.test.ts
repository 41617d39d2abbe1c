import { expect, test } from 'vitest'
import { asId } from '../core/ids.ts'
import { readSpan } from './read-span.ts'

const exchange = { id: asId<'request'>('req_019ab3f2c4d01f2e3d4c5b6a79881726'), endpoint: 'messages' as const }
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('a request that says nothing has no span', () => {
  expect(readSpan({ ...exchange, headers: [] })).toEqual({})
  expect(readSpan({ ...exchange, headers: ['traceparent', 'nonsense', 'x-portkey-span-id', ' '] })).toEqual({})
})

test('Portkey’s headers are taken as they are', () => {
  const headers = ['X-Portkey-Span-Id', 'one', 'x-portkey-parent-span-id', 'above', 'x-portkey-span-name', 'Plan']
  expect(readSpan({ ...exchange, headers })).toEqual({ spanId: 'one', parentSpanId: 'above', spanName: 'Plan' })
})

test('under a W3C parent the span has an id of its own', () => {
  const span = { spanId: '3d4c5b6a79881726', parentSpanId: 'b7ad6b7169203331', spanName: 'POST /v1/messages' }
  expect(readSpan({ ...exchange, headers: ['traceparent', TRACEPARENT] })).toEqual(span)
  const headers = ['traceparent', TRACEPARENT, 'x-portkey-span-name', 'Plan']
  expect(readSpan({ ...exchange, headers })).toEqual({ ...span, spanName: 'Plan' })
})

test('a name without an end is cut', () => {
  const { spanName } = readSpan({ ...exchange, headers: ['x-portkey-span-name', 'x'.repeat(5_000)] })
  expect(spanName).toHaveLength(128)
})
