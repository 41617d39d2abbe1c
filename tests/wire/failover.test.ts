import { createServer } from 'node:net'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { header } from '../../src/core/headers.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { readEvents } from '../../src/testing/read-events.ts'
import { EVENT_STREAM, WHOLE_STREAM } from './data-plane.ts'
import {
  type Act,
  FALLBACK,
  ask,
  calls,
  envelope,
  gateway,
  portkey,
  providers,
  refuseWith,
  serve,
  served,
  startThree,
  stopThree,
} from './three-targets.ts'

/*
 * One fallback over three targets, and everything that can go wrong at each of them before the first content.
 */

afterEach(stopThree)

interface Fault {
  readonly name: string
  readonly act: Act
  /** What the client gets when nobody is left. */
  readonly status: number
  /** The bytes that it then gets, when they are the provider's own. */
  readonly body?: string
  readonly only?: 'stream' | 'plain'
}

const OWN_WORDS = envelope('some_error')
const ERROR_EVENT = `event: error\ndata: ${envelope('overloaded_error')}\n\n`
const CREDIT = 'Your credit balance is too low to access the Anthropic API.'

const FAULTS: readonly Fault[] = [
  ...[402, 404, 408, 424, 429, 500, 502, 503, 504, 529].map((status) => ({
    name: `its own ${status}`,
    act: refuseWith(status),
    status,
    body: OWN_WORDS,
  })),
  { name: '401, which speaks of the gateway’s credential', act: refuseWith(401), status: 502 },
  { name: '403, which speaks of the gateway’s account', act: refuseWith(403), status: 502 },
  { name: 'an account without money', act: refuseWith(400, CREDIT), status: 400, body: envelope('some_error', CREDIT) },
  { name: 'a connection cut before the head', act: (request) => request.socket.destroy(), status: 503 },
  {
    name: 'a connection cut after the head',
    act(request, response) {
      response.writeHead(200, EVENT_STREAM).flushHeaders()
      setImmediate(() => request.socket.destroy())
    },
    status: 502,
  },
  {
    name: 'a connection cut after message_start',
    act: (request, response) =>
      response.writeHead(200, EVENT_STREAM).write(WHOLE_STREAM[0]!, () => request.socket.destroy()),
    status: 502,
    only: 'stream',
  },
  {
    name: 'an error event after a 200',
    act: (_request, response) => response.writeHead(200, EVENT_STREAM).end(ERROR_EVENT),
    status: 200,
    body: ERROR_EVENT,
    only: 'stream',
  },
  {
    name: 'an error event after message_start and a ping, on a connection that stays open',
    act: (_request, response) =>
      response.writeHead(200, EVENT_STREAM).write(WHOLE_STREAM[0]! + WHOLE_STREAM[2]! + ERROR_EVENT),
    status: 200,
    body: WHOLE_STREAM[0]! + WHOLE_STREAM[2]! + ERROR_EVENT,
    only: 'stream',
  },
  {
    name: 'an error envelope after a 200',
    act: (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(envelope('overloaded_error')),
    status: 200,
    body: envelope('overloaded_error'),
    only: 'plain',
  },
  { name: 'an empty 200', act: (_request, response) => response.writeHead(200, EVENT_STREAM).end(), status: 502 },
  {
    name: 'a web page',
    act: (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    status: 502,
  },
  {
    name: 'a redirect',
    act: (_request, response) => response.writeHead(302, { location: 'https://elsewhere.example' }).end(),
    status: 502,
  },
]

const CASES = FAULTS.flatMap((fault) =>
  [true, false]
    .filter((stream) => fault.only === undefined || (fault.only === 'stream') === stream)
    .flatMap((stream) => [0, 1, 2].map((place) => ({ ...fault, stream, place, how: stream ? 'streaming' : 'plain' }))),
)

describe('a fault before the first content', () => {
  test.each(CASES)('$name at target $place, $how', async ({ act, place, stream, status, body }) => {
    const acts = [0, 1, 2].map((at) => (at < place ? refuseWith(529) : at === place ? act : serve))
    await startThree(acts)
    const answer = await ask({ stream }).answer
    await gateway.recorded(1)

    const isLast = place === 2
    const asked = isLast ? [1, 1, 1] : [0, 1, 2].map((at) => (at <= place + 1 ? 1 : 0))
    expect(calls()).toEqual(asked)
    if (isLast) {
      expect(answer.status).toBe(status)
      if (body !== undefined) expect(answer.body.toString()).toBe(body)
      else expect(JSON.parse(answer.body.toString())).toMatchObject({ type: 'error' })
    } else {
      expect(answer.status).toBe(200)
      expect(answer.body.toString()).toBe(served(stream))
    }
    expect(portkey(answer.headers, 'last-used-option-index')).toBe(`config.targets[${isLast ? 2 : place + 1}]`)
    expect(portkey(answer.headers, 'retry-attempt-count')).toBe('0')
    expect(portkey(answer.headers, 'provider')).toBe('anthropic')
    expect(portkey(answer.headers, 'cache-status')).toBe('DISABLED')
    expect(portkey(answer.headers, 'trace-id')).toBe(header(answer.headers, 'request-id'))
    expect(portkey(answer.headers, 'gateway-exception')).toBeUndefined()

    expect(gateway.entries).toHaveLength(asked.filter((count) => count === 1).length)
    expect(gateway.entries.every(({ closing }) => closing !== undefined)).toBe(true)
    expect(gateway.entries.map(({ opening }) => opening.ordinal)).toEqual(gateway.entries.map((_entry, at) => at))
    expect(gateway.records[0]).toMatchObject({
      attempts: gateway.entries.length,
      status: answer.status,
      targetPath: `config.targets[${isLast ? 2 : place + 1}]`,
    })
    expect(gateway.records[0]!.route.map(({ result }) => result)).toEqual([
      ...Array.from({ length: place + 1 }, () => 'failed'),
      ...(isLast ? [] : ['answered']),
    ])
  })

  test.each([0, 1])('a refused connection at target %i', async (place) => {
    const acts = [0, 1, 2].map((at) => (at < place ? refuseWith(529) : serve))
    const closed = `http://127.0.0.1:${await closedPort()}`
    await startThree(acts, place === 0 ? { upstream: { origin: closed } } : {})
    if (place === 1) await providers[1]!.stop().catch(() => undefined)
    const answer = await ask().answer
    expect(answer.body.toString()).toBe(served(true))
    expect(portkey(answer.headers, 'last-used-option-index')).toBe(`config.targets[${place + 1}]`)
  })

  test('a target that stays silent is given up for the next one, and pays for what it may have done', async () => {
    const clock = createManualClock()
    const silent: Act = (_request, response) => response.writeHead(200, EVENT_STREAM).flushHeaders()
    const seen = Promise.withResolvers<void>()
    await startThree(
      [
        (request, response, body) => {
          silent(request, response, body)
          seen.resolve()
        },
        serve,
        serve,
      ],
      { clock },
    )
    const exchange = ask()
    await seen.promise
    clock.advance(30_000)
    const answer = await exchange.answer
    // The gateway itself had opened the stream after 15 s of silence.
    expect(
      readEvents(answer.body)
        .map(({ name }) => name)
        .at(-1),
    ).toBe('message_stop')
    expect(answer.body.toString()).toContain(served(true))
    await providers[0]!.requests[0]!.gone
    expect(gateway.entries[0]!.closing).toMatchObject({ interruptedBy: 'upstream', estimated: true })
    expect(gateway.entries[1]!.closing).toMatchObject({ outcome: 'completed' })
  })

  test.each([0, 1, 2])('a client that leaves while target %i works is not served by another one', async (place) => {
    const seen = Promise.withResolvers<void>()
    const acts = [0, 1, 2].map((at): Act => (at < place ? refuseWith(529) : () => seen.resolve()))
    await startThree(acts)
    const exchange = ask()
    const answer = exchange.answer.catch(() => undefined)
    await seen.promise
    exchange.leave()
    await answer
    await providers[place]!.requests[0]!.gone
    await gateway.recorded(1)
    expect(calls()).toEqual([0, 1, 2].map((at) => (at <= place ? 1 : 0)))
    expect(gateway.records[0]).toMatchObject({ status: 499, interruptedBy: 'client', attempts: place + 1 })
    expect(gateway.entries.at(-1)!.closing).toMatchObject({ outcome: 'interrupted', interruptedBy: 'client' })
  })
})

describe('what no other target would answer better', () => {
  test.each([400, 405, 413, 422])(
    '%i is the client’s answer, byte for byte, and nobody else is asked',
    async (status) => {
      await startThree([refuseWith(status), serve, serve])
      const answer = await ask().answer
      expect([answer.status, answer.body.toString()]).toEqual([status, OWN_WORDS])
      expect(calls()).toEqual([1, 0, 0])
      expect(portkey(answer.headers, 'last-used-option-index')).toBe('config.targets[0]')
    },
  )

  test('a list of statuses takes the place of the usual ones', async () => {
    await startThree([refuseWith(400), refuseWith(500), serve])
    const answer = await ask({ config: { ...FALLBACK, strategy: { mode: 'fallback', on_status_codes: [400] } } }).answer
    expect(answer.status).toBe(500)
    expect(calls()).toEqual([1, 1, 0])
  })

  test('a break in the first block is told honestly, for the message has begun', async () => {
    await startThree([
      (request, response) =>
        response.writeHead(200, EVENT_STREAM).write(WHOLE_STREAM.slice(0, 4).join(''), () => request.socket.destroy()),
      serve,
      serve,
    ])
    const answer = await ask().answer
    expect(readEvents(answer.body).at(-1)!.name).toBe('error')
    expect(calls()).toEqual([1, 0, 0])
  })
})

describe('ways that cannot be gone', () => {
  test('an unknown provider is passed over without a call', async () => {
    await startThree([serve])
    const config = { ...FALLBACK, targets: [{ provider: '@gone' }, { provider: '@prod' }] }
    const answer = await ask({ config }).answer
    await gateway.recorded(1)
    expect(answer.body.toString()).toBe(served(true))
    expect(gateway.records[0]!.route.map(({ result, reason }) => [result, reason])).toEqual([
      ['skipped', 'provider.unknown'],
      ['answered', undefined],
    ])
  })

  test('a model that is not allowed at a target is asked of the next one', async () => {
    await startThree([serve, serve], { upstream: { allows: () => false } }, { allows: () => true })
    const answer = await ask({ config: { ...FALLBACK, targets: FALLBACK.targets.slice(0, 2) } }).answer
    expect(answer.status).toBe(200)
    expect(calls()).toEqual([0, 1])
  })

  test('when no way is left, the refusal says why', async () => {
    await startThree([serve])
    const answer = await ask({ config: { ...FALLBACK, targets: [{ provider: '@gone' }, { provider: '@away' }] } })
      .answer
    expect([answer.status, header(answer.headers, 'x-portcullis-error')]).toEqual([400, 'provider.unknown'])
  })
})

describe('what an exchange costs', () => {
  test('is the sum over all its calls', async () => {
    await startThree([
      (request, response) =>
        response.writeHead(200, EVENT_STREAM).write(WHOLE_STREAM[0]!, () => request.socket.destroy()),
      serve,
    ])
    await ask({ config: { ...FALLBACK, targets: FALLBACK.targets.slice(0, 2) } }).answer
    await gateway.recorded(1)
    const closings = gateway.entries.map(({ closing }) => closing!)
    expect(closings[0]!.usage.input).toBe(25)
    expect(gateway.records[0]!.usage.input).toBe(50)
    expect(gateway.records[0]!.costNanos).toBe(closings[0]!.costNanos + closings[1]!.costNanos)
  })
})

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
