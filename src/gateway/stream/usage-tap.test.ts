import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AnswerFacts, AnswerTap } from './answer-tap.ts'
import { EVENT_BYTES_MAX } from './sse.ts'
import { createUsageTap } from './usage-tap.ts'

const start = {
  type: 'message_start',
  message: {
    // Longer than what is gathered of a line before it is clear what it is.
    id: `msg_${'1'.repeat(300)}`,
    model: 'claude-opus-5-5',
    usage: {
      input_tokens: 12,
      cache_read_input_tokens: 800,
      cache_creation: { ephemeral_1h_input_tokens: 30 },
      output_tokens: 1,
    },
  },
}
const blockStart = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
const delta = (text: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })
const end = {
  type: 'message_delta',
  delta: { stop_reason: 'end_turn', stop_sequence: null },
  usage: { output_tokens: 50 },
}
const stop = { type: 'message_stop' }

interface Event {
  readonly type: string
}

const event = (json: Event): string => `event: ${json.type}\ndata: ${JSON.stringify(json)}\n\n`
const stream = (...events: readonly Event[]): string => events.map(event).join('')
const whole = stream(start, blockStart, delta('Grüße'), { type: 'ping' }, end, stop)

function tapOf(text: string | Buffer): AnswerTap {
  const tap = createUsageTap()
  tap.push(Buffer.from(text))
  return tap
}

function ended(text: string | Buffer): AnswerTap {
  const tap = tapOf(text)
  tap.end()
  return tap
}

const factsOf = (tap: AnswerFacts) => ({
  started: tap.started,
  contentStarted: tap.contentStarted,
  finished: tap.finished,
  stopReason: tap.stopReason,
  modelServed: tap.modelServed,
  errorEvent: tap.errorEvent,
  abandoned: tap.abandoned,
  outputEstimate: tap.outputEstimate,
  inputReported: tap.inputReported,
  outputReported: tap.outputReported,
  report: tap.report(),
})

describe('a stream', () => {
  test('that is whole tells its model, its usage and how it ended', () => {
    const tap = ended(whole)
    expect(factsOf(tap)).toMatchObject({
      started: true,
      contentStarted: true,
      finished: true,
      stopReason: 'end_turn',
      modelServed: 'claude-opus-5-5',
      errorEvent: undefined,
      abandoned: false,
      inputReported: true,
      outputReported: true,
    })
    expect(tap.report().tokens).toMatchObject({ input: 12, cacheRead: 800, cacheWrite1h: 30, output: 50 })
  })

  test('has no content before the first event of a block', () => {
    expect(tapOf(stream(start, { type: 'ping' }))).toMatchObject({ started: true, contentStarted: false })
    expect(tapOf(stream(start, blockStart)).contentStarted).toBe(true)
    expect(tapOf(stream(start, delta('x'))).contentStarted).toBe(true)
  })

  test('is not finished without message_stop, even with a stop reason', () => {
    expect(ended(stream(start, delta('x'), end))).toMatchObject({
      finished: false,
      stopReason: 'end_turn',
      outputReported: true,
    })
  })

  test('that was cut counts its output from the bytes of its content', () => {
    const tap = ended(stream(start, blockStart, delta('x'.repeat(300)), delta('y'.repeat(300))))
    expect(tap).toMatchObject({ finished: false, inputReported: true, outputReported: false, outputEstimate: 200 })
    expect(tap.report().tokens).toMatchObject({ input: 12, output: 200 })
  })

  test('that was cut never counts less than the provider had told', () => {
    const early = { type: 'message_delta', delta: {}, usage: { output_tokens: 70 } }
    expect(ended(stream(start, delta('x'.repeat(30)), early)).report().tokens.output).toBe(70)
    expect(ended(stream(start, early, delta('x'.repeat(300)))).report().tokens.output).toBe(100)
  })

  test('prefers the count that came to the estimate', () => {
    expect(ended(stream(start, delta('x'.repeat(3000)), end)).report().tokens.output).toBe(50)
  })

  test('whose input is told only at the end has reported it then', () => {
    const silent = { type: 'message_start', message: { model: 'm', usage: { input_tokens: 0, output_tokens: 0 } } }
    const last = { ...end, usage: { input_tokens: 900, output_tokens: 20 } }
    expect(tapOf(stream(silent, delta('x'))).inputReported).toBe(false)
    expect(ended(stream(silent, delta('x'), last, stop)).report().tokens).toMatchObject({ input: 900, output: 20 })
  })

  test('that fails tells the type and message of its error', () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    expect(ended(stream(error))).toMatchObject({
      started: false,
      errorEvent: { type: 'overloaded_error', message: 'Overloaded' },
    })
  })

  test.each([
    ['event: error\ndata: upstream fell over\n\n', { type: 'api_error', message: '' }],
    ['event: error\ndata: {"type":"overloaded_error"}\n\n', { type: 'api_error', message: '' }],
    ['data: {"type":"error","error":{"type":7}}\n\n', { type: 'api_error', message: '' }],
  ])('has failed also when its error is %j', (text, errorEvent) => {
    expect(ended(text).errorEvent).toEqual(errorEvent)
  })

  test('lacking only the last blank line is whole', () => {
    expect(ended(whole.slice(0, -1)).finished).toBe(true)
    expect(ended(whole.slice(0, -2)).finished).toBe(true)
  })

  test('cut inside an event has not had that event', () => {
    const text = stream(start, delta('x')) + event(end).slice(0, -20)
    expect(ended(text)).toMatchObject({ stopReason: undefined, outputReported: false })
  })
})

describe('forms of a stream that mean the same', () => {
  const expected = factsOf(ended(whole))
  const dataOnly = whole.replaceAll(/^event: .*\n/gm, '')

  test.each([
    ['CRLF', whole.replaceAll('\n', '\r\n')],
    ['lone CR', whole.replaceAll('\n', '\r')],
    ['no space after the colon', whole.replaceAll(': ', ':')],
    ['a byte order mark', `\uFEFF${whole}`],
    ['comments', `: hello\n\n${whole.replaceAll('event:', ': keep\n:\nevent:')}`],
    ['other fields', whole.replaceAll('event:', 'id: 7\nretry: 10\nodd\nevent:')],
    ['names after the data', whole.replaceAll(/^(event: .*)\n(data: .*)\n/gm, '$2\n$1\n')],
    ['no names', dataOnly],
    ['the name that means none', whole.replaceAll(/^event: .*$/gm, 'event: message')],
    ['no names and spaced JSON', dataOnly.replaceAll('{"type":"', '{ "type" : "')],
    ['unknown events', `event: weather\ndata: {"type":"message_stop"}\n\n${whole}event: news\ndata: {\n\n`],
  ])('%s', (_, text) => {
    // Estimates may differ by the bytes of the form; what was told may not.
    expect({ ...factsOf(ended(text)), outputEstimate: 0 }).toEqual({ ...expected, outputEstimate: 0 })
  })

  test('data on several lines', () => {
    const lines = (json: Event): string => `${JSON.stringify(json, null, 1).replaceAll(/^/gm, 'data: ')}\n\n`
    const tap = ended([start, blockStart, delta('x'), end, stop].map(lines).join(''))
    expect({ ...factsOf(tap), outputEstimate: 0 }).toEqual({ ...expected, outputEstimate: 0 })
  })

  test('data on several lines that end with CRLF', () => {
    expect(ended('event: message_stop\r\ndata: {\r\ndata: }\r\n\r\n').finished).toBe(true)
    expect(ended('data: {\r\ndata: "type": "message_stop"}\r\n\r\n').finished).toBe(true)
  })

  test('a line break between lines of data stays one, so a string cannot be continued behind it', () => {
    expect(ended('data: {"x":"a\ndata: b","type":"message_stop"}\n\n').finished).toBe(false)
    expect(ended('data: {"x":"ab",\ndata: "type":"message_stop"}\n\n').finished).toBe(true)
  })

  test('a type that does not come first', () => {
    const tap = ended('data: {"index":0,"type":"content_block_delta"}\n\ndata: {"x":1,"type":"message_stop"}\n\n')
    expect(tap).toMatchObject({ contentStarted: true, finished: true })
  })
})

describe('bounds', () => {
  test('an event that is too large to keep is skipped and flagged, and the rest is still read', () => {
    const huge = `event: message_start\ndata: {"type":"message_start","message":{"x":"${'x'.repeat(EVENT_BYTES_MAX)}"}}\n\n`
    const tap = ended(huge + stream(end, stop))
    expect(tap).toMatchObject({ started: false, abandoned: true, finished: true, stopReason: 'end_turn' })
  })

  test('content of any size is only counted', () => {
    const tap = createUsageTap()
    tap.push(Buffer.from('event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"'))
    for (let at = 0; at < 64; at += 1) tap.push(Buffer.alloc(1024 * 1024, 0x78))
    tap.push(Buffer.from('"}}\n\n'))
    tap.end()
    expect(tap.abandoned).toBe(false)
    expect(tap.outputEstimate).toBeGreaterThan(22_000_000)
  })

  test('nothing is read after the end', () => {
    const tap = ended(stream(start))
    tap.push(Buffer.from(stream(end, stop)))
    let calls = 0
    tap.end(() => (calls += 1))
    expect([tap.finished, calls]).toEqual([false, 1])
  })
})

describe('chunks', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 400 })
  const json: fc.Arbitrary<object> = fc.oneof(
    fc.constantFrom<object>(
      start,
      blockStart,
      end,
      stop,
      { type: 'ping' },
      { type: 'error', error: { type: 'x', message: 'ü' } },
    ),
    text.map(delta),
    fc.record({ type: text }),
    fc.record({ x: text, type: fc.constantFrom('message_stop', 'content_block_delta') }),
  )
  const form = fc.record({
    named: fc.constantFrom('first', 'last', 'never', 'message', 'odd'),
    space: fc.constantFrom('', ' '),
    indent: fc.constantFrom(0, 1),
    comment: fc.boolean(),
  })
  const shaped = fc.tuple(json, form).map(([value, { named, space, indent, comment }]) => {
    const type =
      named === 'message'
        ? 'message'
        : named === 'odd'
          ? 'weather'
          : 'type' in value
            ? String(value.type).replaceAll(/[\r\n]/g, '')
            : ''
    const name = named === 'never' ? [] : [`event:${space}${type}`]
    const data = JSON.stringify(value, null, indent)
      .split('\n')
      .map((line) => `data:${space}${line}`)
    return [
      ...(comment ? [': x', ''] : []),
      ...(named === 'last' ? [...data, ...name] : [...name, ...data]),
      '',
      '',
    ].join('\n')
  })
  const bytes = fc
    .tuple(
      fc.array(fc.oneof({ weight: 5, arbitrary: shaped }, fc.string({ unit: 'binary', maxLength: 30 })), {
        maxLength: 12,
      }),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.boolean(),
    )
    .map(([parts, lineBreak, mark]) => Buffer.from((mark ? '\uFEFF' : '') + parts.join('').replaceAll('\n', lineBreak)))
  const sizes = fc.infiniteStream(
    fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 600 })),
  )

  test('may be cut anywhere without making a difference', () => {
    fc.assert(
      fc.property(bytes, sizes, (all, cuts) => {
        const tap = createUsageTap()
        for (let at = 0; at < all.length;) {
          const size = cuts.next().value
          tap.push(all.subarray(at, at + size))
          at += size
        }
        const one = tapOf(all)
        expect(factsOf(tap)).toEqual(factsOf(one))
        tap.end()
        one.end()
        expect(factsOf(tap)).toEqual(factsOf(one))
      }),
      { numRuns: 1000 },
    )
  })

  test('of garbage never make it throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 500 }), { maxLength: 8 }), (chunks) => {
        const tap = createUsageTap()
        for (const chunk of chunks) tap.push(Buffer.from(chunk))
        tap.end()
        expect(tap.report().tokens.output).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
