import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sessionKey } from '../core/session-key.ts'
import { readEvents } from './read-events.ts'

const now = Date.UTC(2026, 10, 23)
const by = { organisationId: 'org', workspaceId: 'ws', keyId: 'key', userId: 'ana' }
const nanosOf = (ms: number) => String(BigInt(ms) * 1_000_000n)

function attribute([key, value]: [string, unknown]) {
  const name = typeof value === 'string' ? 'stringValue' : typeof value === 'boolean' ? 'boolValue' : 'doubleValue'
  return { key, value: { [name]: value } }
}

function event(attributes: Readonly<Record<string, unknown>>, timeUnixNano = nanosOf(now)) {
  const record = {
    timeUnixNano,
    body: { stringValue: 'claude_code.api_request' },
    attributes: Object.entries(attributes).map(attribute),
  }
  return [{ scopeLogs: [{ logRecords: [record] }] }]
}

const only = (attributes: Readonly<Record<string, unknown>>) => readEvents(event(attributes), by, now).items[0]!

test('an event is filed under its request and its session', () => {
  const requestId = `req_${'a'.repeat(32)}`
  const read = only({
    'event.name': 'api_request',
    'session.id': 'claimed',
    request_id: requestId,
    model: 'claude-opus-5-5',
    cost_usd: '0.25',
  })
  expect(read).toMatchObject({
    name: 'api_request',
    requestId,
    sessionKey: sessionKey('ws', 'ana', 'claimed'),
    at: now,
  })
  expect(JSON.parse(read.attributes)).toEqual({ cost_usd: '0.25', model: 'claude-opus-5-5', request_id: requestId })
})

test('who somebody is comes from the key, whatever the event says', () => {
  const read = only({ 'user.id': 'somebody else', 'user.email': 'eve@example.com', 'organization.id': 'theirs' })
  expect(read).toMatchObject({
    userId: 'ana',
    keyId: 'key',
    workspaceId: 'ws',
    organisationId: 'org',
    attributes: '{}',
  })
})

test('what people wrote is not kept, under whatever name it comes', () => {
  const canary = fc.string({ minLength: 1 }).map((word) => `canary ${word}`)
  const name = fc.oneof(
    fc.constantFrom('prompt', 'response', 'tool_input', 'tool_parameters', 'error', 'body', 'command'),
    fc.string(),
  )
  fc.assert(
    fc.property(name, canary, (key, value) => {
      fc.pre(
        !['event.name', 'model', 'type', 'source', 'status', 'speed', 'effort', 'decision', 'language'].includes(key),
      )
      expect(only({ [key]: value }).attributes).not.toContain('canary')
    }),
  )
})

test('a prompt that is a number is a prompt all the same', () => {
  const read = only({ prompt: '4711', prompt_length: '4', duration_ms: '12.5', success: 'true', tool_input: 'false' })
  expect(JSON.parse(read.attributes)).toEqual({ prompt_length: '4', duration_ms: '12.5', success: 'true' })
})

test('the same record is the same event, another one is another', () => {
  const ids = [
    only({ 'event.sequence': 1 }),
    only({ 'event.sequence': 1 }),
    only({ 'event.sequence': 2 }),
    readEvents(event({ 'event.sequence': 1 }), { ...by, keyId: 'other' }, now).items[0]!,
  ].map(({ id }) => id)
  expect(new Set(ids).size).toBe(3)
  expect(ids[0]).toBe(ids[1])
})

test.each([
  ['no time', '0'],
  ['long ago', nanosOf(now - 31 * 86_400_000)],
  ['the day after tomorrow', nanosOf(now + 2 * 86_400_000)],
])('an event of %s is not taken', (_what, time) => {
  expect(readEvents(event({}, time), by, now)).toMatchObject({ items: [], rejected: 1 })
})

test('nothing that is sent breaks the reading', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.jsonValue(), fc.record({ scopeLogs: fc.array(fc.record({ logRecords: fc.jsonValue() })) }))),
      (items) => {
        expect(() => readEvents(items, by, now)).not.toThrow()
      },
    ),
  )
})
