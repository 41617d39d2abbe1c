import { expect, test } from 'vitest'
import type { GatewayError } from '../../core/errors.ts'
import { createManualClock } from '../../testing/clock.ts'
import { readText } from '../../testing/read-events.ts'
import type { Upstream, UpstreamFlow, UpstreamHandler } from '../adapter.ts'
import { createScriptedTransport } from './transport.ts'

const TIMEOUTS = { connectMs: 1_000, firstByteMs: 5_000, idleMs: 3_000 }

test('an answer comes as head, chunks and one end', async () => {
  const { calls, text } = await ask('claude-opus-5-5')
  expect(calls.filter((call) => call !== 'chunk')).toEqual(['sent', 'head 200', 'end'])
  expect(text()).toContain('You asked: “Hello?”')
})

test('a cut before the head is unreachable, a cut after it is broken', async () => {
  expect((await ask('sandbox-cut-first')).calls).toEqual(['sent', 'fail upstream.unreachable'])
  expect((await ask('sandbox-cut')).calls.at(-1)).toBe('fail upstream.broken')
})

test('silence before the head ends with the first-byte timeout, silence after it with the idle timeout', async () => {
  const first = await ask('sandbox-silent-first')
  first.clock.advance(4_999)
  expect(first.calls).toEqual(['sent'])
  first.clock.advance(1)
  expect(first.calls).toEqual(['sent', 'fail upstream.timeout'])

  const later = await ask('sandbox-silent-mid')
  later.clock.advance(2_999)
  expect(later.calls.at(-1)).toBe('chunk')
  later.clock.advance(1)
  expect(later.calls.at(-1)).toBe('fail upstream.timeout')
})

test('a slow answer never runs into the idle timeout', async () => {
  const { calls, clock } = await ask('sandbox-slow')
  for (let turn = 0; turn < 200; turn += 1) clock.advance(100)
  expect(calls.at(-1)).toBe('end')
})

test('a paused answer waits, and does not run into a timeout', async () => {
  const paused = await ask('claude-opus-5-5', (flow, calls) => {
    if (calls.length === 3) flow.pause()
  })
  paused.clock.advance(60_000)
  expect(paused.calls).toEqual(['sent', 'head 200', 'chunk'])
  paused.flow().resume()
  expect(paused.calls.at(-1)).toBe('end')
})

test('after abort nothing more is called, and no timer is left', async () => {
  const aborted = await ask('sandbox-slow', (flow, calls) => {
    if (calls.length === 2) flow.abort()
  })
  aborted.clock.advance(60_000)
  expect(aborted.calls).toEqual(['sent', 'head 200'])
  expect(aborted.clock.waiting).toBe(0)
})

test('closing breaks off every answer that is still running', async () => {
  const running = await ask('sandbox-slow')
  await running.close()
  running.clock.advance(60_000)
  expect(running.calls).toEqual(['sent', 'head 200', 'fail upstream.broken'])
  expect(running.clock.waiting).toBe(0)
})

/** Sends one streaming request and waits until it does not go on by itself. */
async function ask(model: string, onCall: (flow: UpstreamFlow, calls: string[]) => void = () => {}) {
  const clock = createManualClock()
  const transport = createScriptedTransport({ clock })
  const calls: string[] = []
  const chunks: Buffer[] = []
  let flow: UpstreamFlow | undefined
  const note = (call: string) => {
    calls.push(call)
    onCall(flow!, calls)
  }
  const handler: UpstreamHandler = {
    sent(given) {
      flow = given
      note('sent')
    },
    head: (status) => note(`head ${status}`),
    chunk(bytes) {
      chunks.push(bytes)
      note('chunk')
    },
    end: () => note('end'),
    fail: (error: GatewayError) => note(`fail ${error.code}`),
  }
  const body = Buffer.from(
    JSON.stringify({ model, max_tokens: 1000, messages: [{ role: 'user', content: 'Hello?' }], stream: true }),
  )
  transport.send(
    { method: 'POST', origin: 'http://sandbox', path: '/v1/messages?beta=true', headers: [], body: [body] },
    {} as Upstream,
    TIMEOUTS,
    handler,
  )
  await Promise.resolve()
  return {
    calls,
    clock,
    flow: () => flow!,
    text: () => readText(Buffer.concat(chunks)),
    close: () => transport.close(),
  }
}
