import { afterEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/core/errors.ts'
import { header } from '../../src/core/headers.ts'
import { anthropicAdapter } from '../../src/providers/anthropic.ts'
import { createManualClock } from '../../src/testing/clock.ts'
import { send } from '../../src/testing/http.ts'
import { KEY } from './data-plane.ts'
import {
  type Act,
  FALLBACK,
  ask,
  calls,
  gateway,
  portkey,
  providers,
  refuseWith,
  serve,
  startThree,
  stopThree,
} from './three-targets.ts'

/*
 * Whom a circuit keeps away, and from what.
 */

afterEach(stopThree)

const indexOf = async (session: string) => portkey((await ask({ session }).answer).headers, 'last-used-option-index')

describe('a target that is dead', () => {
  test('is asked five times, and then by nobody until its rest is over', async () => {
    const clock = createManualClock()
    await startThree([serve, serve, serve], { clock })
    await providers[0]!.stop()
    for (let session = 0; session < 8; session++) expect(await indexOf(`s-${session}`)).toBe('config.targets[1]')
    await gateway.recorded(8)
    const reasons = gateway.records.map(({ route }) => route[0]?.reason)
    expect(reasons.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'upstream.unreachable'))
    expect(reasons.slice(5)).toEqual(Array.from({ length: 3 }, () => 'circuit open'))
    clock.advance(30_000)
    await indexOf('s-9')
    await indexOf('s-10')
    await gateway.recorded(10)
    expect(gateway.records.slice(8).map(({ route }) => route[0]?.reason)).toEqual([
      'upstream.unreachable',
      'circuit open',
    ])
  })

  test('is not asked either by a conversation whose own target dies', async () => {
    let isSecondDown = false
    await startThree([refuseWith(500), (...args) => (isSecondDown ? refuseWith(500) : serve)(...args), serve])
    for (let turn = 0; turn < 5; turn++) expect(await indexOf(`s-${turn}`)).toBe('config.targets[1]')
    isSecondDown = true
    expect(await indexOf('s-0')).toBe('config.targets[2]')
    expect(calls()).toEqual([5, 6, 1])
  })

  test('is asked again by such a conversation while nobody knows that it is dead', async () => {
    let isFirstDown = true
    let isSecondDown = false
    await startThree([
      (...args) => (isFirstDown ? refuseWith(500) : serve)(...args),
      (...args) => (isSecondDown ? refuseWith(500) : serve)(...args),
      serve,
    ])
    expect(await indexOf('s-0')).toBe('config.targets[1]')
    isSecondDown = true
    isFirstDown = false
    expect(await indexOf('s-0')).toBe('config.targets[0]')
    expect(calls()).toEqual([2, 2, 0])
  })
})

describe('a target that is left alone', () => {
  let unable: ReadonlySet<string>
  const encode: typeof anthropicAdapter.encode = (call, upstream) => {
    if (unable.has(upstream.slug)) throw new GatewayError('target.incapable', 'Not here.')
    return anthropicAdapter.encode(call, upstream)
  }
  const NESTED = {
    ...FALLBACK,
    targets: [{ ...FALLBACK, targets: FALLBACK.targets.slice(0, 2) }, { provider: '@third' }],
  }

  /** `@prod` fails until its circuit is open, and is well from then on. */
  async function startWithOpenCircuit(): Promise<void> {
    unable = new Set()
    let isDown = true
    const recovering: Act = (...args) => (isDown ? refuseWith(500) : serve)(...args)
    await startThree([recovering, serve, serve], { adapter: { ...anthropicAdapter, encode } })
    for (let turn = 0; turn < 5; turn++) await indexOf(`s-${turn}`)
    isDown = false
  }

  test('is asked all the same where no other is able to serve', async () => {
    await startWithOpenCircuit()
    unable = new Set(['second', 'third'])
    expect(await indexOf('new')).toBe('config.targets[0]')
    expect(calls()).toEqual([6, 5, 0])
    await gateway.recorded(6)
    expect(gateway.records[5]!.route.map(({ path, result, reason }) => [path, result, reason])).toEqual([
      ['config.targets[0]', 'skipped', 'circuit open'],
      ['config.targets[1]', 'skipped', 'target.incapable'],
      ['config.targets[2]', 'skipped', 'target.incapable'],
      ['config.targets[0]', 'answered', undefined],
    ])
  })

  test('is not asked where one of the others is able', async () => {
    await startWithOpenCircuit()
    unable = new Set(['second'])
    expect(await indexOf('new')).toBe('config.targets[2]')
    expect(calls()).toEqual([5, 5, 1])
  })

  test('is not asked after another one was asked and failed', async () => {
    await startWithOpenCircuit()
    await providers[1]!.stop()
    unable = new Set(['third'])
    expect((await ask({ session: 'new' }).answer).status).toBe(503)
    expect(calls()[0]).toBe(5)
  })

  test.each([
    ['has its turn after every other choice', ['second'], 'config.targets[1]', [5, 5, 1]],
    ['is found in its choice when there is no other', ['second', 'third'], 'config.targets[0].targets[0]', [6, 5, 0]],
  ])('in a choice of a choice %s', async (_name, slugs, index, asked) => {
    await startWithOpenCircuit()
    unable = new Set(slugs)
    const answer = await ask({ config: NESTED, session: 'new' }).answer
    expect(portkey(answer.headers, 'last-used-option-index')).toBe(index)
    expect(calls()).toEqual(asked)
  })
})

test.each(['request.malformed', 'gateway.ledger_unavailable'] as const)(
  'a target is closed to nobody by %s, which is no fault of its own',
  async (code) => {
    let isRefused = true
    const encode: typeof anthropicAdapter.encode = (call, upstream) => {
      if (isRefused && upstream.slug === 'prod') throw new GatewayError(code, 'Not this way.')
      return anthropicAdapter.encode(call, upstream)
    }
    await startThree([serve, serve, serve], { adapter: { ...anthropicAdapter, encode } })
    for (let turn = 0; turn < 6; turn++) expect((await ask().answer).status).toBeGreaterThanOrEqual(400)
    isRefused = false
    const answer = await ask().answer
    expect(portkey(answer.headers, 'last-used-option-index')).toBe('config.targets[0]')
    expect(calls()).toEqual([1, 0, 0])
  },
)

describe('a target that has no count of tokens', () => {
  const answerItself: typeof anthropicAdapter.answerItself = ({ endpoint }, { slug }) => {
    if (endpoint !== 'count_tokens' || slug !== 'prod') return undefined
    const body = Buffer.from('{"type":"error","error":{"type":"not_supported","message":"None here."}}')
    return { status: 501, headers: ['content-type', 'application/json', 'x-should-retry', 'false'], body }
  }
  const count = (config: object) =>
    send(`${gateway.url}/v1/messages/count_tokens`, {
      headers: [
        ...['x-api-key', KEY, 'content-type', 'application/json', 'x-claude-code-session-id', 's-0'],
        ...['x-portkey-config', JSON.stringify(config)],
      ],
      body: '{"model":"claude-opus-5-5","messages":[]}',
    }).answer
  const counting: Act = (request, response, body) => {
    if (request.url?.startsWith('/v1/messages/count_tokens') !== true) return serve(request, response, body)
    return response.writeHead(200, { 'content-type': 'application/json' }).end('{"input_tokens":9}')
  }

  test('leaves it to the next, and goes on serving the messages of the same conversation', async () => {
    await startThree([serve, counting, counting], { adapter: { ...anthropicAdapter, answerItself } })
    for (let turn = 0; turn < 6; turn++) {
      const answer = await count(FALLBACK)
      expect([answer.status, answer.body.toString()]).toEqual([200, '{"input_tokens":9}'])
    }
    expect(await indexOf('s-0')).toBe('config.targets[0]')
    expect(calls()).toEqual([1, 6, 0])
  })

  test('says so where there is no next', async () => {
    await startThree([serve], { adapter: { ...anthropicAdapter, answerItself } })
    for (const config of [{ provider: '@prod' }, { ...FALLBACK, targets: [{ provider: '@prod' }] }]) {
      const answer = await count(config)
      expect(answer.status).toBe(501)
      expect(header(answer.headers, 'x-should-retry')).toBe('false')
      expect(answer.body.toString()).toContain('None here.')
    }
  })
})

test('cache, fallback and retries together: each answer tells who gave it and after how many tries', async () => {
  let asked = 0
  await startThree([refuseWith(529), (...args) => (asked++ === 0 ? refuseWith(529) : serve)(...args), serve], {
    random: () => 0,
  })
  const config = { ...FALLBACK, cache: { mode: 'simple' }, retry: { attempts: 2 } }
  const told = async () => {
    const { status, headers } = await ask({ config }).answer
    const [index, tries, cached] = ['last-used-option-index', 'retry-attempt-count', 'cache-status'].map((name) =>
      portkey(headers, name),
    )
    return [status, index, tries, cached]
  }
  expect(await told()).toEqual([200, 'config.targets[1]', '1', 'MISS'])
  expect(calls()).toEqual([3, 2, 0])
  expect(await told()).toEqual([200, 'config.targets[1]', '0', 'HIT'])
  expect(calls()).toEqual([3, 2, 0])
  await gateway.recorded(2)
  expect(gateway.records.map(({ attempts, retries }) => [attempts, retries])).toEqual([
    [5, 1],
    [0, 0],
  ])
})
