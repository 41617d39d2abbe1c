import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import { header } from '../../src/core/headers.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { send } from '../../src/testing/http.ts'
import { readEvents } from '../../src/testing/read-events.ts'
import { CREDENTIAL, EVENT_STREAM, KEY, WHOLE_STREAM, gateway, provider, start, stop } from './data-plane.ts'

afterEach(stop)

function ask(body: object = {}) {
  return send(`${gateway.url}/v1/messages`, {
    headers: ['x-api-key', KEY, 'content-type', 'application/json'],
    body: JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 100, messages: [], stream: true, ...body }),
  })
}

/** The beginning of a message: it has been promised 25 input tokens and has said a few words. */
const BEGUN = WHOLE_STREAM.slice(0, 4).join('')

/** As a host sends it that knows its whole answer before it begins. */
const MEASURED = { ...EVENT_STREAM, 'content-length': String(Buffer.byteLength(WHOLE_STREAM.join(''))) }

describe('a client that leaves', () => {
  it('during the stream: the upstream is let go at once, and what was used is settled as an estimate', async () => {
    await start((_request, response) => response.writeHead(200, EVENT_STREAM).write(BEGUN))
    const exchange = ask()
    await exchange.firstBytes
    exchange.leave()
    await exchange.answer.catch(() => undefined)
    await provider.requests[0]!.gone
    await gateway.recorded(1)
    expect(gateway.entries[0]!.closing).toMatchObject({
      outcome: 'interrupted',
      interruptedBy: 'client',
      estimated: true,
      usage: { input: 25 },
    })
    expect(gateway.entries[0]!.closing!.usage.output).toBeGreaterThan(0)
    expect(gateway.records[0]).toMatchObject({ outcome: 'interrupted', interruptedBy: 'client', estimated: true })
  })

  it('before the first byte: the upstream is let go, and the input is settled by its size', async () => {
    let arrived: () => void = () => undefined
    const asked = new Promise<void>((resolve) => (arrived = resolve))
    await start(() => arrived())
    const exchange = ask({ messages: [{ role: 'user', content: 'x'.repeat(3_000) }] })
    const answer = exchange.answer.catch(() => undefined)
    await asked
    exchange.leave()
    await answer
    await provider.requests[0]!.gone
    await gateway.recorded(1)
    expect(gateway.entries[0]!.closing).toMatchObject({
      outcome: 'interrupted',
      interruptedBy: 'client',
      estimated: true,
    })
    expect(gateway.entries[0]!.closing!.usage.input).toBeGreaterThan(900)
    expect(gateway.records[0]).toMatchObject({ status: 499, outcome: 'interrupted' })
  })
})

describe('an upstream that breaks', () => {
  it('before its head: one clean refusal', async () => {
    await start((request) => request.socket.destroy())
    const answer = await ask().answer
    expect(answer.status).toBe(503)
    expect(header(answer.headers, 'retry-after')).toBe('5')
    expect(JSON.parse(answer.body.toString())).toMatchObject({ type: 'error', error: { type: 'api_error' } })
    expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'failed', interruptedBy: 'upstream', costNanos: 0n })
    expect(gateway.records[0]).toMatchObject({ status: 503, outcome: 'refused', errorCode: 'upstream.unreachable' })
  })

  it('after its head and before the first byte: still one clean refusal', async () => {
    await start((request, response) => {
      response.writeHead(200, EVENT_STREAM).flushHeaders()
      setImmediate(() => request.socket.destroy())
    })
    const answer = await ask().answer
    expect(answer.status).toBe(502)
    expect(gateway.records[0]).toMatchObject({ status: 502, outcome: 'refused' })
  })

  it('between two events: the stream ends with an honest error event, never cleanly', async () => {
    await start((request, response) => {
      response.writeHead(200, EVENT_STREAM).write(BEGUN, () => request.socket.destroy())
    })
    const answer = await ask().answer
    const events = readEvents(answer.body)
    expect(answer.body.subarray(0, BEGUN.length + 1).toString()).toContain('Grüße')
    expect(events.at(-1)!.name).toBe('error')
    expect(JSON.parse(events.at(-1)!.data)).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } })
    expect(gateway.entries[0]!.closing).toMatchObject({
      outcome: 'interrupted',
      interruptedBy: 'upstream',
      estimated: true,
    })
  })

  it('between two events of an answer whose length it told: the client does not wait for what never comes', async () => {
    await start((request, response) => {
      response.writeHead(200, MEASURED).write(BEGUN, () => request.socket.destroy())
    })
    const answer = await ask().answer
    expect(answer.whole).toBe(true)
    expect(readEvents(answer.body).at(-1)!.name).toBe('error')
  })

  it('inside an event: the client’s connection is cut as well, because nothing can be said there', async () => {
    await start((request, response) => {
      response
        .writeHead(200, EVENT_STREAM)
        .write(`${BEGUN}event: content_block_delta\ndata: {"type":`, () => request.socket.destroy())
    })
    const answer = await ask().answer
    expect(answer.whole).toBe(false)
    expect(answer.body.toString()).not.toContain('event: error')
    expect(gateway.records[0]).toMatchObject({
      outcome: 'interrupted',
      interruptedBy: 'upstream',
      errorCode: 'upstream.broken',
    })
  })

  it('with a clean end before message_stop: that is a break too', async () => {
    await start((_request, response) => response.writeHead(200, EVENT_STREAM).end(BEGUN))
    const events = readEvents((await ask().answer).body)
    expect(events.at(-1)!.name).toBe('error')
    expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'interrupted', interruptedBy: 'upstream' })
  })

  it('with an error event of its own: that event is the end, and nothing is added', async () => {
    const own = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    await start((_request, response) => response.writeHead(200, EVENT_STREAM).end(BEGUN + own))
    expect((await ask().answer).body.toString()).toBe(BEGUN + own)
    expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'interrupted', interruptedBy: 'upstream' })
    expect(gateway.records[0]).toMatchObject({ status: 200, outcome: 'interrupted', interruptedBy: 'upstream' })
  })

  it('after message_stop: the message is whole, so it ends as one', async () => {
    await start((request, response) => {
      response.writeHead(200, EVENT_STREAM).write(WHOLE_STREAM.join(''), () => request.socket.destroy())
    })
    const answer = await ask().answer
    expect(answer.body.toString()).toBe(WHOLE_STREAM.join(''))
    expect(answer.whole).toBe(true)
    expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'completed', estimated: false, usage: { output: 7 } })
    expect(gateway.records[0]).toMatchObject({ outcome: 'completed' })
  })

  it('inside an answer that it compressed: what it had told by then is settled', async () => {
    await start((request, response) => {
      response.writeHead(200, { ...EVENT_STREAM, 'content-encoding': 'gzip' })
      // A few kilobytes that keep the decoder busy for longer than the connection lasts.
      response.write(gzipSync(`:${' '.repeat(20_000_000)}\n\n${BEGUN}`), () => request.socket.destroy())
    })
    expect((await ask().answer).whole).toBe(false)
    expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'interrupted', usage: { input: 25 } })
  })

  it('inside a plain JSON answer: the client sees a cut, not a short answer', async () => {
    await start((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 })
      response.write('{"type":"message",', () => request.socket.destroy())
    })
    const answer = await ask({ stream: false }).answer
    expect(answer.whole).toBe(false)
  })
})

describe('an answer that must not pass', () => {
  it.each([
    ['a web page with 200', 200, { 'content-type': 'text/html' }, 'upstream.broken'],
    ['a redirect', 307, { location: 'https://elsewhere.example/' }, 'upstream.redirected'],
    ['the refusal of our own credential', 401, { 'content-type': 'application/json' }, 'upstream.credential_rejected'],
  ])('%s becomes a 502 that says whose turn it is', async (_situation, status, headers, code) => {
    await start((_request, response) => response.writeHead(status, headers).end('<html>or other words of the upstream'))
    const answer = await ask().answer
    expect(answer.status).toBe(502)
    expect(header(answer.headers, 'x-portcullis-error')).toBe(code)
    expect(header(answer.headers, 'location')).toBeUndefined()
    expect(answer.body.toString()).not.toContain('other words')
    expect(gateway.reported).toMatchObject([{ error: { code }, provider: '@prod', requestId: gateway.records[0]!.id }])
    expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'failed', costNanos: 0n })
  })
})

describe('a refusal of the model', () => {
  it.each([
    ['before any output costs nothing', 0, 0n],
    ['after some output costs what was used', 7, 32n],
  ])('%s', async (_situation, output, cost) => {
    const refused = WHOLE_STREAM.join('')
      .replace('"output_tokens":1', '"output_tokens":0')
      .replace('"end_turn"', '"refusal"')
      .replace('"output_tokens":7', `"output_tokens":${output}`)
    await start((_request, response) => response.writeHead(200, EVENT_STREAM).end(refused))
    await ask().answer
    expect(gateway.entries[0]!.closing).toMatchObject({
      outcome: 'completed',
      usage: { input: 25, output },
      costNanos: cost,
    })
  })
})

describe('an error in which the upstream repeats our credential', () => {
  it.each([
    [
      'its body',
      { 'content-type': 'application/json' },
      `{"type":"error","error":{"message":"bad key ${CREDENTIAL}"}}`,
    ],
    ['a header', { 'x-debug': `key=${CREDENTIAL}` }, '{}'],
  ])('in %s stays with us, and the operator hears of it', async (_place, headers, body) => {
    await start((_request, response) => response.writeHead(400, headers).end(body))
    const answer = await ask().answer
    expect(answer.status).toBe(502)
    expect(header(answer.headers, 'x-portcullis-error')).toBe('upstream.repeated_credential')
    expect(answer.body.toString() + answer.headers.join()).not.toContain(CREDENTIAL)
    expect(gateway.reported).toHaveLength(1)
    expect(gateway.entries).toHaveLength(1)
    expect(gateway.records).toMatchObject([{ outcome: 'refused', status: 502 }])
  })

  it('is found also when it comes in pieces, and a long error without it passes whole', async () => {
    const long = Buffer.alloc(200_000, 'all is well ')
    await start((request, response) => {
      response.writeHead(400, { 'content-type': 'text/plain' })
      if (request.headers['x-long'] !== undefined) response.end(long)
      else response.write(CREDENTIAL.slice(0, 9), () => response.end(CREDENTIAL.slice(9) + long.toString()))
    })
    expect((await ask().answer).status).toBe(502)
    await vi.waitFor(() => expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'failed' }))
    const answer = await send(`${gateway.url}/v1/messages`, {
      headers: ['x-api-key', KEY, 'x-long', '1'],
      body: '{"model":"m","messages":[]}',
    }).answer
    expect(answer.status).toBe(400)
    expect(answer.body.equals(long)).toBe(true)
  })
})

describe('silence', () => {
  /** Real time for everything but the pings, whose timers the test turns by hand. */
  function handTurnedPings(): { clock: Clock; advance(ms: number): void } {
    const manual = createManualClock()
    return {
      clock: { ...systemClock, monotonic: () => manual.monotonic(), after: (ms, call) => manual.after(ms, call) },
      advance: (ms) => manual.advance(ms),
    }
  }

  it.each([
    ['', EVENT_STREAM],
    [', also where the upstream told the length of its answer', MEASURED],
  ])('between two events is broken by a ping every 15 seconds%s', async (_also, headers) => {
    const { clock, advance } = handTurnedPings()
    let goOn: () => void = () => undefined
    await start(
      (_request, response) => {
        response.writeHead(200, headers).write(BEGUN)
        goOn = () => response.end(WHOLE_STREAM.slice(4).join(''))
      },
      { clock },
    )
    const exchange = ask()
    await exchange.firstBytes
    advance(14_000)
    advance(1_000)
    advance(15_000)
    goOn()
    const { body } = await exchange.answer
    const ping = 'event: ping\ndata: {"type": "ping"}\n\n'
    expect(body.toString()).toBe(BEGUN + ping + ping + WHOLE_STREAM.slice(4).join(''))
  })

  it('inside an event is left alone: a ping there would become part of it', async () => {
    const { clock, advance } = handTurnedPings()
    const [half, rest] = [WHOLE_STREAM.join('').slice(0, 60), WHOLE_STREAM.join('').slice(60)]
    let goOn: () => void = () => undefined
    await start(
      (_request, response) => {
        response.writeHead(200, EVENT_STREAM).write(half)
        goOn = () => response.end(rest)
      },
      { clock },
    )
    const exchange = ask()
    await exchange.firstBytes
    advance(60_000)
    goOn()
    expect((await exchange.answer).body.toString()).toBe(half + rest)
  })

  it('before the head opens the reply with pings, and the answer follows in it', async () => {
    const { clock, advance } = handTurnedPings()
    let goOn: () => void = () => undefined
    let arrived: () => void = () => undefined
    const asked = new Promise<void>((resolve) => (arrived = resolve))
    await start(
      (_request, response) => {
        goOn = () => response.writeHead(200, EVENT_STREAM).end(WHOLE_STREAM.join(''))
        arrived()
      },
      { clock },
    )
    const exchange = ask()
    await asked
    advance(15_000)
    expect((await exchange.firstBytes).toString()).toContain('event: ping')
    goOn()
    const answer = await exchange.answer
    expect(answer.status).toBe(200)
    expect(answer.body.toString()).toBe(`event: ping\ndata: {"type": "ping"}\n\n${WHOLE_STREAM.join('')}`)
    expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'completed', usage: { input: 25, output: 7 } })
  })

  it('before an error: after pings the error travels as an event, in the upstream’s words', async () => {
    const { clock, advance } = handTurnedPings()
    let goOn: () => void = () => undefined
    let arrived: () => void = () => undefined
    const asked = new Promise<void>((resolve) => (arrived = resolve))
    await start(
      (_request, response) => {
        goOn = () =>
          response
            .writeHead(529, { 'content-type': 'application/json' })
            .end('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}')
        arrived()
      },
      { clock },
    )
    const exchange = ask()
    await asked
    advance(15_000)
    await exchange.firstBytes
    goOn()
    const events = readEvents((await exchange.answer).body)
    expect(events.map(({ name }) => name)).toEqual(['ping', 'error'])
    expect(events[1]!.data).toContain('Overloaded')
    expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'failed', upstreamStatus: 529, costNanos: 0n })
    expect(gateway.records[0]).toMatchObject({ status: 200, outcome: 'interrupted', interruptedBy: 'upstream' })
  })

  it('of an upstream that never begins ends with a timeout of its own name', async () => {
    await start(() => undefined, { timeouts: { firstByteMs: 50 } })
    const answer = await ask().answer
    expect(answer.status).toBe(504)
    expect(header(answer.headers, 'x-portcullis-error')).toBe('upstream.timeout')
    // Nobody can know what it has done meanwhile, so its input is settled by its size.
    expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'interrupted', estimated: true })
    expect(gateway.entries[0]!.closing!.usage.input).toBeGreaterThan(0)
  })

  it('of an upstream that only ever announces its answer ends as well', async () => {
    await start((_request, response) => {
      const announce = () => response.destroyed || response.writeProcessing(() => setImmediate(announce))
      announce()
    })
    const answer = await ask({ stream: false }).answer
    expect(answer.status).toBe(503)
    expect(gateway.entries[0]!.closing).toMatchObject({ outcome: 'failed' })
  })

  it('of an upstream that goes quiet for too long ends the stream honestly', async () => {
    await start((_request, response) => response.writeHead(200, EVENT_STREAM).write(BEGUN), {
      timeouts: { idleMs: 50 },
    })
    const events = readEvents((await ask().answer).body)
    expect(events.at(-1)!.name).toBe('error')
    expect(gateway.records[0]).toMatchObject({ errorCode: 'upstream.timeout', interruptedBy: 'upstream' })
  })
})

describe('a slow reader', () => {
  it('holds the upstream back instead of filling the gateway’s memory', async () => {
    const megabyte = Buffer.alloc(1_048_576, `event: content_block_delta\ndata: {"x":"${'y'.repeat(200)}"}\n\n`)
    let written = 0
    await start((_request, response) => {
      response.writeHead(200, EVENT_STREAM).write(BEGUN)
      const pour = () => {
        while (written < 200) {
          written++
          if (!response.write(megabyte)) {
            response.once('drain', pour)
            return
          }
        }
        response.end()
      }
      pour()
    })
    const { connect } = await import('node:net')
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    const body = JSON.stringify({ model: 'm', messages: [], max_tokens: 1, stream: true })
    socket.write(
      `POST /v1/messages HTTP/1.1\r\nhost: g\r\nx-api-key: ${KEY}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    await new Promise<void>((resolve) => socket.once('readable', resolve))
    // The reader reads nothing further. The upstream stops when every buffer between the two is full.
    let before = -1
    while (before !== written) {
      before = written
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    expect(written).toBeLessThan(40)
    socket.destroy()
    await provider.requests[0]!.gone
  })
})

describe('a shutdown', () => {
  it('lets a running stream finish, and refuses what comes new with 503 and a time to come back', async () => {
    let goOn: () => void = () => undefined
    await start((_request, response) => {
      response.writeHead(200, EVENT_STREAM).write(BEGUN)
      goOn = () => response.end(WHOLE_STREAM.slice(4).join(''))
    })
    const exchange = ask()
    await exchange.firstBytes
    const drained = gateway.plane.drain(60_000)
    const refused = await ask().answer
    expect(refused.status).toBe(503)
    expect(header(refused.headers, 'retry-after')).toBe('2')
    goOn()
    const answer = await exchange.answer
    expect(answer.body.toString()).toBe(WHOLE_STREAM.join(''))
    await drained
    expect(gateway.plane.running).toBe(0)
  })

  it('ends a stream that outlasts the limit with an honest error event, and settles it', async () => {
    await start((_request, response) => response.writeHead(200, EVENT_STREAM).write(BEGUN))
    const exchange = ask()
    await exchange.firstBytes
    await gateway.plane.drain(20)
    const events = readEvents((await exchange.answer).body)
    expect(events.at(-1)!.name).toBe('error')
    await provider.requests[0]!.gone
    expect(gateway.entries[0]!.closing).toMatchObject({
      outcome: 'interrupted',
      interruptedBy: 'shutdown',
      estimated: true,
    })
  })
})
