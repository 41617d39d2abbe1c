import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { AnswerTap } from './answer-tap.ts'
import { createDecodingTap } from './decoding-tap.ts'
import { createUsageTap } from './usage-tap.ts'

const plain = Buffer.from(
  [
    'event: message_start\ndata: {"type":"message_start","message":{"model":"m","usage":{"input_tokens":7,"output_tokens":1}}}',
    ...Array.from(
      { length: 500 },
      (_, at) => `event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"word ${at}"}}`,
    ),
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":900}}',
    'event: message_stop\ndata: {"type":"message_stop"}',
    '',
  ].join('\n\n'),
)

const codings: readonly [string, (bytes: Buffer) => Buffer][] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  [' GZip ', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
  ['identity', (bytes) => bytes],
]

function pushed(encoding: string, bytes: Buffer, size = 97): AnswerTap {
  const tap = createDecodingTap(encoding, createUsageTap())
  for (let at = 0; at < bytes.length; at += size) tap.push(bytes.subarray(at, at + size))
  return tap
}

const end = (tap: AnswerTap): Promise<void> => new Promise((resolve) => tap.end(resolve))

describe.each(codings)('an answer in %j', (encoding, encode) => {
  test('is read to its last byte before the end is announced', async () => {
    const tap = pushed(encoding, encode(plain))
    await end(tap)
    expect(tap).toMatchObject({
      started: true,
      contentStarted: true,
      finished: true,
      stopReason: 'end_turn',
      modelServed: 'm',
      errorEvent: undefined,
      abandoned: false,
      inputReported: true,
      outputReported: true,
    })
    expect(tap.report().tokens).toMatchObject({ input: 7, output: 900 })
  })

  test('that was cut is not finished, and tells what it had', async () => {
    const bytes = encode(Buffer.concat([plain, Buffer.from(`: ${'x'.repeat(50)}`)]))
    const tap = pushed(encoding, bytes.subarray(0, Math.floor(bytes.length / 2)))
    await end(tap)
    expect(tap).toMatchObject({ finished: false, outputReported: false })
  })
})

test.each(['gzip', 'br', 'zstd', 'deflate'])('bytes that are not %s are given up', async (encoding) => {
  const tap = pushed(encoding, Buffer.from('x this is plain text, whatever the header says'))
  await end(tap)
  expect(tap).toMatchObject({ abandoned: true, started: false })
})

test.each(['compress', 'gzip, br', 'aws-chunked'])(
  'the encoding %j is given up, and its end is announced',
  async (encoding) => {
    const tap = pushed(encoding, gzipSync(plain))
    await end(tap)
    expect(tap).toMatchObject({ abandoned: true, started: false })
  },
)

test('an empty answer ends at once', async () => {
  const tap = pushed('gzip', Buffer.alloc(0))
  await end(tap)
  expect(tap).toMatchObject({ abandoned: false, started: false })
})

test('a few bytes that unfold to very many are given up', async () => {
  const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, 0x78))
  expect(bomb.length).toBeLessThan(100_000)
  const tap = pushed('gzip', Buffer.concat([gzipSync(plain), bomb]), 1024 * 1024)
  await end(tap)
  expect(tap).toMatchObject({ abandoned: true, finished: true })
})

test('the end is announced once, also to who asks after it', async () => {
  const tap = pushed('gzip', gzipSync(plain))
  let calls = 0
  await new Promise<void>((resolve) =>
    tap.end(() => {
      calls += 1
      resolve()
    }),
  )
  tap.end(() => (calls += 10))
  expect(calls).toBe(11)
})
