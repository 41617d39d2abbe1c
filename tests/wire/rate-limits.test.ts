import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { header } from '../../src/core/headers.ts'
import { totalTokens } from '../../src/core/usage.ts'
import type { CallLimits } from '../../src/gateway/parts.ts'
import { createGates } from '../../src/limits/create-gates.ts'
import { createRates } from '../../src/limits/create-rates.ts'
import type { Lane, RateLimit } from '../../src/limits/limit.ts'
import { type ManualClock, createManualClock } from '../../src/testing/clock.ts'
import { type HttpAnswer, type HttpExchange, sendJson } from '../../src/testing/http.ts'
import {
  EVENT_STREAM,
  KEY,
  NO_LIMITS,
  type DataPlaneOptions,
  WHOLE_STREAM,
  gateway,
  provider,
  start,
  stop,
} from './data-plane.ts'

const MINUTE = 60_000
const DAY = 86_400_000

const MESSAGE = { model: 'claude-sonnet-5-5', max_tokens: 64, messages: [{ role: 'user', content: 'Say hi' }] }
const STREAMING = { ...MESSAGE, stream: true }

/** 25 tokens in, 7 out. */
const ANSWER = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5-5',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 25, output_tokens: 7 },
})

type Turn = Parameters<typeof start>[0]

const answerPlain: Turn = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER)
}
const answerStream: Turn = (_request, response) => {
  response.writeHead(200, EVENT_STREAM).end(WHOLE_STREAM.join(''))
}
/** Says the beginning and then nothing more. */
const beginStream: Turn = (_request, response) => {
  response.writeHead(200, EVENT_STREAM).write(WHOLE_STREAM.slice(0, 4).join(''))
}
const breakStream: Turn = (request, response) => {
  response
    .writeHead(200, EVENT_STREAM)
    .write(WHOLE_STREAM.slice(0, 4).join(''), () => setImmediate(() => request.socket.destroy()))
}
const fail: Turn = (_request, response) => {
  response.writeHead(400, { 'content-type': 'application/json' }).end('{"type":"error","error":{"type":"x"}}')
}

/** Of gates and windows alone; everything else lives in real time. */
let clock: ManualClock
let limits: CallLimits
let lanes: readonly Lane[]

beforeEach(() => {
  clock = createManualClock()
  lanes = []
})
afterEach(() => stop())

async function begin(turn: Turn, rates: readonly Partial<RateLimit>[], options: Partial<DataPlaneOptions> = {}) {
  lanes = rates.map((rate, at) => lane({ id: `limit-${at}`, ...rate }))
  limits = {
    ...NO_LIMITS,
    rulebook: () => ({ ...NO_LIMITS.rulebook(), lanes: () => lanes }),
    rates: createRates({ clock }),
    gates: createGates({ clock, waitMs: 5_000, waitersMax: 100 }),
  }
  await start(turn, { limits, ...options })
}

function lane(rate: Partial<RateLimit>): Lane {
  const { id = 'limit' } = rate
  return {
    rate: {
      kind: 'rate',
      id,
      level: 'key',
      of: 'key “ci”',
      workspaceId: undefined,
      unit: 'requests',
      value: 1,
      windowMs: MINUTE,
      ...rate,
    },
    bucket: id,
  }
}

function ask(document: object = MESSAGE, path = '/v1/messages', more: readonly string[] = []): HttpExchange {
  return sendJson(`${gateway.url}${path}`, document, ['authorization', `Bearer ${KEY}`, ...more])
}

function errorIn({ body }: HttpAnswer): { readonly type: string; readonly message: string } {
  return (JSON.parse(body.toString()) as { error: { type: string; message: string } }).error
}

/** How many tokens the first lane has counted: as many as do not fit beside them any more. */
function tokensCounted(): number {
  const { value } = lanes[0]!.rate
  for (let counted = 0; counted <= value; counted += 1) {
    const need = { endpoint: 'messages', requests: 0, tokens: value - counted } as const
    const answer = limits.rates.admit(lanes, need)
    if (answer.kind === 'admission') {
      answer.correct(0)
      return counted
    }
  }
  throw new Error('More is counted than the limit allows.')
}

function tokensInLedger(): number {
  return gateway.entries.reduce((sum, { closing }) => sum + (closing === undefined ? 0 : totalTokens(closing.usage)), 0)
}

/** Resolves once it is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

describe('a limit of requests', () => {
  test('answers 429 with the seconds to wait, calls no provider, and lets the client go on after them', async () => {
    await begin(answerPlain, [{ value: 2 }])
    for (let n = 0; n < 2; n += 1) expect((await ask().answer).status).toBe(200)
    clock.advance(30_000)
    const refused = await ask().answer
    expect(refused.status).toBe(429)
    expect(header(refused.headers, 'retry-after')).toBe('31')
    expect(header(refused.headers, 'x-should-retry')).toBeUndefined()
    expect(header(refused.headers, 'x-portcullis-error')).toBe('rate.limited')
    expect(errorIn(refused)).toEqual({
      type: 'rate_limit_error',
      message: 'Key “ci” may send 2 requests a minute, and that is used up. The next request passes in 31 s.',
    })
    expect(provider.requests).toHaveLength(2)
    clock.advance(31_000)
    expect((await ask().answer).status).toBe(200)
  })

  test('tells whoever would have to wait for longer than a minute to stop, and until when', async () => {
    const organisation = () => ({ timeZone: 'Europe/Berlin', contact: '#ai-platform' })
    await begin(answerPlain, [{ value: 1, windowMs: DAY }])
    limits = Object.assign(limits, { organisation })
    await ask().answer
    const refused = await ask().answer
    expect(header(refused.headers, 'x-should-retry')).toBe('false')
    expect(Number(header(refused.headers, 'retry-after'))).toBeGreaterThan(86_000)
    expect(errorIn(refused).message).toMatch(
      /^Key “ci” may send 1 request a day, and that is used up\. The next request passes (tomorrow|on \d+ \w+) at \d\d:\d\d (CET|CEST|GMT\+[12])\. Ask #ai-platform if that is too late\.$/,
    )
  })

  test('stops a stream before its first byte, with a status', async () => {
    await begin(answerStream, [{ value: 1 }], { timeouts: { pingMs: 1 } })
    expect((await ask(STREAMING).answer).body.toString()).toContain('message_stop')
    expect((await ask(STREAMING).answer).status).toBe(429)
  })

  test('counts token counts apart from messages', async () => {
    await begin(answerPlain, [{ value: 1 }])
    expect((await ask().answer).status).toBe(200)
    expect((await ask(MESSAGE, '/v1/messages/count_tokens').answer).status).toBe(200)
    expect((await ask(MESSAGE, '/v1/messages/count_tokens').answer).status).toBe(429)
  })

  test('never lets anybody pass whose limit is 0, and says so', async () => {
    await begin(answerPlain, [{ value: 0, of: 'workspace payments' }])
    const refused = await ask().answer
    expect(header(refused.headers, 'x-should-retry')).toBe('false')
    expect(header(refused.headers, 'retry-after')).toBeUndefined()
    expect(errorIn(refused).message).toBe(
      'Workspace payments may send 0 requests a minute. Ask whoever runs the gateway for a higher limit.',
    )
  })

  test('is told in Portkey’s shape to a caller who reads that', async () => {
    await begin(answerPlain, [{ value: 0, level: 'workspace' }], { caller: { errorFormat: 'portkey' } })
    const refused = await ask().answer
    expect(refused.status).toBe(429)
    expect(JSON.parse(refused.body.toString())).toEqual({
      error: {
        message: expect.stringContaining('may send 0 requests') as string,
        type: 'workspace_rate_limit_error',
        param: null,
        code: null,
      },
    })
  })
})

describe('a limit of tokens', () => {
  const tokens = { unit: 'tokens', value: 500 } as const

  test.for([
    { road: 'a plain answer', turn: answerPlain, document: MESSAGE },
    { road: 'a stream', turn: answerStream, document: STREAMING },
    { road: 'a stream that the upstream breaks', turn: breakStream, document: STREAMING },
    { road: 'an error', turn: fail, document: MESSAGE },
  ])('counts after $road what the ledger says', async ({ turn, document }) => {
    await begin(turn, [tokens])
    await ask(document).answer
    await gateway.recorded(1)
    expect(tokensCounted()).toBe(tokensInLedger())
    expect(gateway.entries).toHaveLength(1)
  })

  test('counts what was used until the client left', async () => {
    await begin(beginStream, [tokens])
    const leaving = ask(STREAMING)
    await leaving.firstBytes
    leaving.leave()
    await leaving.answer
    await gateway.recorded(1)
    expect(tokensInLedger()).toBeGreaterThan(25)
    expect(tokensCounted()).toBe(tokensInLedger())
  })

  test('holds what the body may come to while the request runs', async () => {
    await begin(beginStream, [tokens])
    const running = ask(STREAMING)
    await running.firstBytes
    expect(tokensCounted()).toBe(Math.ceil(JSON.stringify(STREAMING).length / 3))
    running.leave()
    await running.answer
  })

  test('counts every call of an exchange that had to be made again', async () => {
    let calls = 0
    const turn: Turn = (request, response, body) => {
      calls += 1
      // The beginning of an answer has been used, though nobody has seen it.
      if (calls > 1) answerStream(request, response, body)
      else
        response.writeHead(200, EVENT_STREAM).write(WHOLE_STREAM[0], () => setImmediate(() => request.socket.destroy()))
    }
    await begin(turn, [tokens])
    const config = JSON.stringify({ retry: { attempts: 1, on_status_codes: [502] }, provider: '@prod' })
    expect((await ask(STREAMING, '/v1/messages', ['x-portkey-config', config]).answer).status).toBe(200)
    await gateway.recorded(1)
    expect(gateway.entries).toHaveLength(2)
    expect(tokensInLedger()).toBeGreaterThan(32)
    expect(tokensCounted()).toBe(tokensInLedger())
  })

  test('tells a request that is larger than the limit by itself that waiting does not help', async () => {
    await begin(answerPlain, [{ ...tokens, value: 10 }])
    const refused = await ask().answer
    expect(header(refused.headers, 'x-should-retry')).toBe('false')
    expect(errorIn(refused).message).toBe(
      'Key “ci” may use 10 tokens a minute. This request alone is larger. Run /compact, or ask whoever runs the gateway for a higher limit.',
    )
  })

  test('takes a picture for what it comes to, and not for its bytes', async () => {
    await begin(answerPlain, [{ ...tokens, value: 10_000 }])
    const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'a'.repeat(400_000) } }
    expect((await ask({ ...MESSAGE, messages: [{ role: 'user', content: [picture] }] }).answer).status).toBe(200)
    const text = { type: 'text', text: 'a'.repeat(400_000) }
    expect((await ask({ ...MESSAGE, messages: [{ role: 'user', content: [text] }] }).answer).status).toBe(429)
  })

  test('does not count a request that another limit has stopped', async () => {
    await begin(answerPlain, [tokens, { value: 0 }])
    await ask().answer
    lanes = lanes.slice(0, 1)
    expect(tokensCounted()).toBe(0)
  })
})

describe('a limit of requests at the same time', () => {
  const alone = { unit: 'concurrency', value: 1, windowMs: 0 } as const

  /** Starts two; the second waits in line. */
  async function startTwo(): Promise<readonly [HttpExchange, HttpExchange]> {
    const first = ask(STREAMING)
    await first.firstBytes
    const second = ask(STREAMING)
    await until(() => clock.waiting === 1)
    expect(provider.requests).toHaveLength(1)
    return [first, second]
  }

  /** The first answer stays open until it is told to end; the others end by themselves. */
  function firstStays(): { readonly turn: Turn; end(): void; cut(): void } {
    let end = () => {}
    let cut = () => {}
    let calls = 0
    return {
      turn(request, response, body) {
        calls += 1
        if (calls > 1) return answerStream(request, response, body)
        beginStream(request, response, body)
        end = () => void response.end(WHOLE_STREAM.slice(4).join(''))
        cut = () => void request.socket.destroy()
      },
      end: () => end(),
      cut: () => cut(),
    }
  }

  test('lets the next one begin when the answer before it has ended', async () => {
    const upstream = firstStays()
    await begin(upstream.turn, [alone])
    const [first, second] = await startTwo()
    upstream.end()
    expect((await first.answer).whole).toBe(true)
    expect((await second.answer).body.toString()).toContain('message_stop')
  })

  test('lets the next one begin when the client before it has left', async () => {
    await begin(firstStays().turn, [alone])
    const [first, second] = await startTwo()
    first.leave()
    expect((await second.answer).body.toString()).toContain('message_stop')
  })

  test('lets the next one begin when the upstream before it has broken', async () => {
    const upstream = firstStays()
    await begin(upstream.turn, [alone])
    const [, second] = await startTwo()
    upstream.cut()
    expect((await second.answer).body.toString()).toContain('message_stop')
  })

  test('lets the next one begin when the one before it was refused', async () => {
    let isLedgerDown = true
    const ledgerFails = () => (isLedgerDown ? new Error('disk full') : undefined)
    await begin(answerStream, [alone, { id: 'closed', value: 0 }], { ledgerFails })
    expect((await ask(STREAMING).answer).status).toBe(429)
    lanes = lanes.slice(0, 1)
    expect((await ask(STREAMING).answer).status).toBe(500)
    isLedgerDown = false
    expect((await ask(STREAMING).answer).status).toBe(200)
  })

  test('refuses after five seconds in line, and asks for a short pause', async () => {
    await begin(firstStays().turn, [alone])
    const [first, second] = await startTwo()
    clock.advance(5_000)
    const refused = await second.answer
    expect(refused.status).toBe(429)
    expect(header(refused.headers, 'retry-after')).toBe('2')
    expect(header(refused.headers, 'x-should-retry')).toBeUndefined()
    expect(header(refused.headers, 'x-portcullis-error')).toBe('rate.concurrency')
    expect(errorIn(refused).message).toBe(
      'Key “ci” may run 1 request at the same time, and others were still running. Run fewer at once, or try again.',
    )
    expect(provider.requests).toHaveLength(1)
    first.leave()
    await first.answer
  })

  test('forgets whoever leaves the line', async () => {
    const upstream = firstStays()
    await begin(upstream.turn, [alone])
    const [first, second] = await startTwo()
    second.leave()
    await expect(second.answer).rejects.toThrow()
    await until(() => clock.waiting === 0)
    upstream.end()
    await first.answer
    expect(provider.requests).toHaveLength(1)
    expect((await ask(STREAMING).answer).status).toBe(200)
  })

  test('does not keep token counts waiting', async () => {
    await begin(
      (request, response, body) => {
        const isCount = request.url?.includes('count_tokens') === true
        return isCount ? answerPlain(request, response, body) : beginStream(request, response, body)
      },
      [alone],
    )
    const running = ask(STREAMING)
    await running.firstBytes
    expect((await ask(MESSAGE, '/v1/messages/count_tokens').answer).status).toBe(200)
    running.leave()
    await running.answer
  })
})
