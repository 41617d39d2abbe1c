import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AnswerTap } from './answer-tap.ts'
import { createBodyTap } from './body-tap.ts'

const answer = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-5-5',
  content: [{ type: 'text', text: 'Grüße' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 12, cache_read_input_tokens: 800, output_tokens: 50 },
}

function ended(...chunks: readonly (string | Buffer)[]): AnswerTap {
  const tap = createBodyTap()
  for (const chunk of chunks) tap.push(Buffer.from(chunk))
  tap.end()
  return tap
}

describe('a JSON answer', () => {
  test('that is whole tells its model, its usage and how it ended', () => {
    const tap = ended(`\n\n${JSON.stringify(answer, null, 2)}\n`)
    expect(tap).toMatchObject({
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
    expect(tap.report().tokens).toMatchObject({ input: 12, cacheRead: 800, output: 50 })
  })

  test('is the same however it is cut into chunks', () => {
    const bytes = Buffer.from(JSON.stringify(answer))
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 6 }), (places) => {
        const cuts = [0, ...places.toSorted((a, b) => a - b), bytes.length]
        const chunks = cuts.slice(1).map((cut, at) => bytes.subarray(cuts[at], cut))
        expect(ended(...chunks).report()).toEqual(ended(bytes).report())
      }),
    )
  })

  test('tells nothing before its end', () => {
    const tap = createBodyTap()
    tap.push(Buffer.from(JSON.stringify(answer)))
    expect(tap).toMatchObject({ started: false, finished: false, inputReported: false })
  })

  test('that was cut counts its output from its bytes', () => {
    const tap = ended(`\n ${JSON.stringify({ ...answer, content: 'x'.repeat(3000) }).slice(0, 2998)}`)
    expect(tap).toMatchObject({
      started: false,
      finished: false,
      inputReported: false,
      outputReported: false,
      outputEstimate: 1000,
    })
    expect(tap.report().tokens).toMatchObject({ input: 0, output: 1000 })
  })

  test('that reports no usage counts its output from its bytes', () => {
    const tap = ended(JSON.stringify({ ...answer, usage: null }))
    expect(tap).toMatchObject({ finished: true, inputReported: false, outputReported: false })
    expect(tap.report().tokens.output).toBe(tap.outputEstimate)
    expect(tap.outputEstimate).toBeGreaterThan(30)
  })

  test('that is an error tells its type and message and counts nothing', () => {
    const tap = ended(
      '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}',
    )
    expect(tap).toMatchObject({ started: false, errorEvent: { type: 'overloaded_error', message: 'Overloaded' } })
    expect(tap.report().tokens.output).toBe(0)
  })

  test('that is no JSON counts nothing', () => {
    expect(ended('<html>busy</html>')).toMatchObject({ started: false, outputEstimate: 0 })
    expect(ended()).toMatchObject({ started: false, outputEstimate: 0 })
  })

  test('whose usage is not to be read is whole, without usage', () => {
    const text = JSON.stringify({ ...answer, usage: 0 }).replace(
      '"usage":0',
      `"usage":${'['.repeat(100)}${']'.repeat(100)}`,
    )
    expect(ended(text)).toMatchObject({ finished: true, inputReported: false })
  })

  test('that is too large to keep is given up and counted by its bytes', () => {
    const part = Buffer.alloc(8 * 1024 * 1024, 0x20)
    part[0] = 0x7b
    const tap = ended(part, part, part, part, '}')
    expect(tap).toMatchObject({ abandoned: true, finished: false })
    expect(tap.report().tokens.output).toBeGreaterThan(11_000_000)
  })

  test('of garbage never makes it throw', () => {
    fc.assert(fc.property(fc.uint8Array(), fc.string(), (bytes, text) => void ended(Buffer.from(bytes), text).report()))
  })
})
