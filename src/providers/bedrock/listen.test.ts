import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asId } from '../../core/ids.ts'
import { header, type HeaderLines } from '../../core/headers.ts'
import { scanTopLevel } from '../../core/json.ts'
import { eventFrame, exceptionFrame, frame } from '../../testing/stand-ins/bedrock-frames.ts'
import { type ModelCall, NO_REPAIRS, type Upstream } from '../adapter.ts'
import { listenToAws } from './listen.ts'

const STREAM = ['content-type', 'application/vnd.amazon.eventstream', 'x-amzn-requestid', 'aws-1']
const START = '{"type":"message_start","message":{"id":"msg_1"}}'
const STOP = '{"type":"message_stop"}'

function hear(
  status: number,
  headers: HeaderLines,
  chunks: readonly Buffer[],
  endpoint: ModelCall['endpoint'] = 'messages',
) {
  const heard = { status: 0, headers: [] as HeaderLines, text: '', chunks: 0, ending: 'none' }
  const bytes = Buffer.from('{}')
  const call: ModelCall = {
    endpoint,
    query: '',
    model: 'claude-opus-5',
    wireModel: 'us.anthropic.claude-opus-5',
    streaming: true,
    headers: [],
    body: { bytes, members: scanTopLevel(bytes), compressed: undefined },
    repairs: NO_REPAIRS,
  }
  const upstream: Upstream = {
    providerId: asId('provider-1'),
    slug: 'prod',
    kind: 'bedrock',
    platform: 'bedrock-invoke',
    integrationId: asId('integration-1'),
    origin: 'http://127.0.0.1:1',
    basePath: '',
    trustedHost: true,
    settings: {},
    credential: () => undefined,
    allows: () => true,
    models: [],
  }
  const listener = listenToAws(call, upstream, {
    sent() {},
    head(seen, lines) {
      heard.status = seen
      heard.headers = lines
    },
    chunk(piece) {
      heard.text += piece.toString('utf8')
      heard.chunks += 1
    },
    end: () => void (heard.ending = heard.ending === 'none' ? 'end' : 'twice'),
    fail: (error) => void (heard.ending = heard.ending === 'none' ? error.code : 'twice'),
  })
  listener.head(status, headers)
  for (const chunk of chunks) listener.chunk(chunk)
  listener.end()
  return heard
}

function sse(...events: readonly string[]): string {
  return events.map((json) => `event: ${(JSON.parse(json) as { type: string }).type}\ndata: ${json}\n\n`).join('')
}

test('a stream in frames becomes the events that Anthropic would send, one chunk for one chunk', () => {
  const heard = hear(200, STREAM, [Buffer.concat([eventFrame(START), eventFrame(STOP)])])
  expect(heard).toMatchObject({ status: 200, text: sse(START, STOP), chunks: 1, ending: 'end' })
  expect(header(heard.headers, 'content-type')).toBe('text/event-stream; charset=utf-8')
  expect(header(heard.headers, 'request-id')).toBe('aws-1')
})

test('any events, cut anywhere, are the same events', () => {
  const event = fc
    .tuple(fc.constantFrom('content_block_delta', 'ping', 'something_new'), fc.string({ unit: 'grapheme' }))
    .map(([type, text]) => JSON.stringify({ type, text }))
  fc.assert(
    fc.property(fc.array(event, { minLength: 1 }), fc.array(fc.nat(), { maxLength: 12 }), (events, cuts) => {
      const bytes = Buffer.concat(events.map(eventFrame))
      const places = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((end, at) => bytes.subarray(places[at], end))
      expect(hear(200, STREAM, chunks)).toMatchObject({ text: sse(...events), ending: 'end' })
    }),
  )
})

test('a stream that comes byte by byte is read', () => {
  const bytes = Buffer.concat([eventFrame(START), eventFrame(STOP)])
  const chunks = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
  expect(hear(200, STREAM, chunks)).toMatchObject({ text: sse(START, STOP), ending: 'end' })
})

test('Bedrock’s own measurements do not reach the client', () => {
  const stop = '{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":9}}'
  expect(hear(200, STREAM, [eventFrame(START), eventFrame(stop)]).text).toBe(sse(START, STOP))
})

test('an event in another spelling is still an event on one line', () => {
  const heard = hear(200, STREAM, [eventFrame('{\n "index": 0,\n "type": "ping"}')])
  expect(heard.text).toBe('event: ping\ndata: {  "index": 0,  "type": "ping"}\n\n')
})

test('an unknown kind of event is passed over', () => {
  const unknown = frame({ ':message-type': 'event', ':event-type': 'initial-response' }, '{}')
  expect(hear(200, STREAM, [unknown, eventFrame(START)])).toMatchObject({ text: sse(START), ending: 'end' })
})

test('an exception in the first frame is an answer with its own status', () => {
  const heard = hear(200, STREAM, [exceptionFrame('throttlingException', { message: 'Slow down' })])
  expect(heard).toMatchObject({ status: 429, ending: 'end' })
  expect(JSON.parse(heard.text)).toEqual({ type: 'error', error: { type: 'rate_limit_error', message: 'Slow down' } })
})

test('a later exception is an error event, and nothing behind it is heard', () => {
  const exception = exceptionFrame('serviceUnavailableException', { message: 'Gone' })
  const heard = hear(200, STREAM, [eventFrame(START), exception, eventFrame(STOP)])
  const error = '{"type":"error","error":{"type":"overloaded_error","message":"Gone"}}'
  expect(heard).toMatchObject({ status: 200, text: sse(START, error), ending: 'end' })
})

const flipped = eventFrame(STOP)
flipped[flipped.length - 1]! ^= 1
const lying = eventFrame(STOP)
lying[3]! ^= 1

test.each([
  ['a wrong checksum', flipped],
  ['a wrong length', lying],
  ['a frame that is too large', Buffer.from('20000000000000009c54bd3f', 'hex')],
  ['a cut frame', eventFrame(STOP).subarray(0, -1)],
])('%s breaks the answer, and what came before it arrives', (_, damage) => {
  expect(hear(200, STREAM, [Buffer.concat([eventFrame(START), damage])])).toMatchObject({
    text: sse(START),
    ending: 'upstream.broken',
  })
})

test.each([
  [400, 'ServiceQuotaExceededException', '{"message":"x"}', 429, 'rate_limit_error'],
  [503, 'ServiceUnavailableException', '{"message":"x"}', 529, 'overloaded_error'],
  [408, 'ModelTimeoutException', '{"message":"x"}', 504, 'timeout_error'],
  [424, 'ModelErrorException', '{"message":"x","originalStatusCode":529}', 529, 'overloaded_error'],
  [424, 'ModelErrorException', '{"message":"x"}', 500, 'api_error'],
  [403, 'ExpiredTokenException', '{"message":"x"}', 401, 'authentication_error'],
  [400, 'ValidationException:http://x/', '{"Message":"x"}', 400, 'invalid_request_error'],
  [502, '', '<html>', 500, 'api_error'],
])('%i %s is told as %s %i %s', (status, name, body, expected, type) => {
  const heard = hear(status, ['x-amzn-errortype', name, 'retry-after', '7'], [Buffer.from(body)])
  expect(heard).toMatchObject({ status: expected, ending: 'end' })
  expect(JSON.parse(heard.text)).toMatchObject({ type: 'error', error: { type } })
  expect(header(heard.headers, 'retry-after')).toBe('7')
})

test('an error does not tell whose account it is', () => {
  const body = Buffer.from('{"message":"User: arn:aws:iam::123456789012:user/x in 123456789012 may not"}')
  const { text } = hear(400, ['x-amzn-errortype', 'ValidationException'], [body])
  expect(text).toContain('User: arn:… in … may not')
})

test('a count of tokens has Anthropic’s name for it', () => {
  const heard = hear(200, ['content-type', 'application/json'], [Buffer.from('{"inputTokens":42}')], 'count_tokens')
  expect(heard).toMatchObject({ status: 200, text: '{"input_tokens":42}', ending: 'end' })
})

test.each(['constructorException', '__proto__'])(
  'an error by the name %s, which every object has, is one of no known kind',
  (name) => {
    const heard = hear(418, ['x-amzn-errortype', name], [Buffer.from('{"message":"I am a teapot."}')])
    expect(heard).toMatchObject({ status: 400, ending: 'end' })
    expect(heard.text).toContain('invalid_request_error')
  },
)
