import { EventStreamCodec } from '@smithy/eventstream-codec'

/** A plain answer of about one kilobyte. */
export function jsonAnswer(): Buffer {
  return Buffer.from(
    JSON.stringify({
      id: 'msg_bench',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-5-5',
      content: [{ type: 'text', text: 'lorem ipsum dolor sit amet '.repeat(24) }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: usage(180),
    }),
  )
}

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
)

/** The same stream as Amazon Bedrock frames it: every event in a frame of its own, in base64 and with two checksums. */
export function framedAnswer(events: number): readonly Buffer[] {
  return streamAnswer(events).map((event) => {
    const json = event.toString('utf8', event.indexOf('data: ') + 'data: '.length).trimEnd()
    const payload = { bytes: Buffer.from(json).toString('base64'), p: 'abcdefghijklmnopqrstuvwxyz' }
    return Buffer.from(
      codec.encode({
        headers: {
          ':event-type': { type: 'string', value: 'chunk' },
          ':content-type': { type: 'string', value: 'application/json' },
          ':message-type': { type: 'string', value: 'event' },
        },
        body: Buffer.from(JSON.stringify(payload)),
      }),
    )
  })
}

const streams = new Map<number, readonly Buffer[]>()

/** A streamed answer of so many events in all, each a chunk of its own, of the sizes that the real API sends. */
export function streamAnswer(events: number): readonly Buffer[] {
  let stream = streams.get(events)
  if (stream === undefined) {
    stream = [...makeStream(events)]
    streams.set(events, stream)
  }
  return stream
}

function* makeStream(events: number): Generator<Buffer> {
  yield event('message_start', {
    message: {
      id: 'msg_bench',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-5-5',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: usage(1),
    },
  })
  yield event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
  for (let at = 0; at < events - 5; at++) {
    yield event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: `word ${at} of it ` } })
  }
  yield event('content_block_stop', { index: 0 })
  yield event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: usage(600) })
  yield event('message_stop', {})
}

function event(type: string, members: object): Buffer {
  return Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`)
}

function usage(outputTokens: number): object {
  return {
    input_tokens: 12,
    cache_creation_input_tokens: 900,
    cache_read_input_tokens: 80_000,
    cache_creation: { ephemeral_5m_input_tokens: 900, ephemeral_1h_input_tokens: 0 },
    output_tokens: outputTokens,
    service_tier: 'standard',
  }
}
