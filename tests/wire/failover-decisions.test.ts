import { afterEach, describe, expect, test } from 'vitest'
import { header } from '../../src/core/headers.ts'
import { anthropicAdapter, anthropicSigner } from '../../src/providers/anthropic.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { ModelCall } from '../../src/providers/adapter.ts'
import { readConfig } from '../../src/routing/document.ts'
import type { RoutingConfig } from '../../src/routing/routing-config.ts'
import { type ManualClock, createManualClock } from '../../src/testing/clock.ts'
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
  served,
  startThree,
  stopThree,
} from './three-targets.ts'

/*
 * Which target is asked, how often, and with what: retries, timeouts, repairs, memory, shares and headers.
 */

afterEach(stopThree)

/** A request without a config of its own, unless these headers bring one. */
function plain(headers: readonly string[]) {
  return ask({ config: null, headers }).answer
}

/** Refuses so many times, then serves. */
function refusing(times: number, refuse: Act): Act {
  let count = 0
  return (request, response, body) => (count++ < times ? refuse : serve)(request, response, body)
}

/** Turns the hand until the answer is there: pauses between tries are the only timers that can ring. */
async function answerWithPauses(clock: ManualClock, config: object, headers: readonly string[] = []) {
  const pauses: number[] = []
  let isOver = false
  const answer = ask({ config, headers }).answer.finally(() => (isOver = true))
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve))
    // One timer is the keep-alive's; a second one is a pause.
    if (clock.waiting < 2) continue
    let ms = 0
    for (const before = clock.waiting; clock.waiting === before && ms < 61_000; ms += 100) clock.advance(100)
    pauses.push(ms)
  }
  return { answer: await answer, pauses }
}

describe('a retry at the same target', () => {
  const config = { provider: '@prod', retry: { attempts: 3 } }

  test('waits longer each time, and the headers tell how often it was tried', async () => {
    const clock = createManualClock()
    await startThree([refusing(2, refuseWith(529))], { clock, random: () => 0.999 })
    const { answer, pauses } = await answerWithPauses(clock, config)
    expect(answer.body.toString()).toBe(served(true))
    expect(portkey(answer.headers, 'retry-attempt-count')).toBe('2')
    expect(pauses).toEqual([1_000, 2_000])
    await gateway.recorded(1)
    expect(gateway.records[0]).toMatchObject({ attempts: 3, retries: 2 })
    expect(gateway.entries.map(({ opening }) => opening.ordinal)).toEqual([0, 1, 2])
  })

  test('is given up with -1, and the last answer passes as it came', async () => {
    const clock = createManualClock()
    await startThree([refuseWith(503)], { clock, random: () => 0.5 })
    const { answer } = await answerWithPauses(clock, config)
    expect(answer.status).toBe(503)
    expect(portkey(answer.headers, 'retry-attempt-count')).toBe('-1')
    expect(calls()).toEqual([4])
  })

  test('does not repeat what is no passing trouble', async () => {
    await startThree([refuseWith(404)])
    const answer = await ask({ config }).answer
    expect([answer.status, portkey(answer.headers, 'retry-attempt-count')]).toEqual([404, '0'])
    expect(calls()).toEqual([1])
  })

  test('waits as long as it is told, where the config says so', async () => {
    const clock = createManualClock()
    await startThree([refusing(1, refuseWith(429, 'slow', { 'retry-after': '7' }))], { clock })
    const retry = { attempts: 2, use_retry_after_headers: true }
    const { answer, pauses } = await answerWithPauses(clock, { provider: '@prod', retry })
    expect(answer.status).toBe(200)
    expect(pauses).toEqual([7_000])
  })

  test('is given up at once when the provider asks for a week', async () => {
    await startThree([refuseWith(429, 'later', { 'retry-after': '604800' }), serve])
    const retry = { attempts: 5, use_retry_after_headers: true }
    const answer = await ask({
      config: { strategy: { mode: 'fallback' }, targets: [{ provider: '@prod', retry }, { provider: '@second' }] },
    }).answer
    expect(answer.status).toBe(200)
    expect(calls()).toEqual([1, 1])
  })

  test('ends its pause when the client leaves', async () => {
    const clock = createManualClock()
    const seen = Promise.withResolvers<void>()
    await startThree([(...args) => (refuseWith(529)(...args), seen.resolve())], { clock, random: () => 0.999 })
    const exchange = ask({ config })
    const answer = exchange.answer.catch(() => undefined)
    await seen.promise
    exchange.leave()
    await answer
    await gateway.recorded(1)
    expect(gateway.records[0]).toMatchObject({ status: 499, attempts: 1 })
    expect(calls()).toEqual([1])
  })
})

describe('a request timeout', () => {
  test('answers 408 when nobody else is there, and the call is settled', async () => {
    const clock = createManualClock()
    const seen = Promise.withResolvers<void>()
    await startThree([() => seen.resolve()], { clock })
    const exchange = ask({ config: { provider: '@prod' }, headers: ['x-portkey-request-timeout', '500'] })
    await seen.promise
    clock.advance(500)
    const answer = await exchange.answer
    expect([answer.status, header(answer.headers, 'x-portcullis-error')]).toEqual([408, 'upstream.too_slow'])
    expect(answer.body.toString()).toContain('500 ms')
    await providers[0]!.requests[0]!.gone
    expect(gateway.entries[0]!.closing).toMatchObject({ interruptedBy: 'upstream', estimated: true })
  })

  test('moves on to the next target', async () => {
    const clock = createManualClock()
    const seen = Promise.withResolvers<void>()
    await startThree([() => seen.resolve(), serve], { clock })
    const exchange = ask({ config: { ...FALLBACK, request_timeout: 700, targets: FALLBACK.targets.slice(0, 2) } })
    await seen.promise
    clock.advance(700)
    expect((await exchange.answer).body.toString()).toBe(served(true))
  })

  test('also ends a signer that hangs', async () => {
    const clock = createManualClock()
    const seen = Promise.withResolvers<void>()
    const signer = { sign: () => (seen.resolve(), new Promise<never>(() => undefined)) }
    await startThree([serve], { clock, signer })
    const exchange = ask({ config: { provider: '@prod', request_timeout: 500 } })
    await seen.promise
    clock.advance(500)
    expect((await exchange.answer).status).toBe(408)
    expect([calls(), gateway.entries]).toEqual([[0], []])
  })

  test.each(['0', 'soon', '1.5', '99999999'])('%s is not one', async (timeout) => {
    await startThree([serve])
    const answer = await ask({ headers: ['x-portkey-request-timeout', timeout] }).answer
    expect([answer.status, calls()]).toEqual([400, [0]])
  })
})

describe('a repair', () => {
  /** An adapter that says what it was asked to leave out. */
  function watching() {
    const asked: ModelCall['repairs'][] = []
    const adapter = {
      ...anthropicAdapter,
      encode(...[call, upstream]: Parameters<typeof anthropicAdapter.encode>) {
        asked.push(call.repairs)
        return anthropicAdapter.encode(call, upstream)
      },
    }
    return { asked, adapter }
  }

  const single = { provider: '@prod' }

  test.each([
    'messages.1.content.0: Invalid `signature` in `thinking` block',
    'messages.1.content.0: Invalid signature in thinking block',
    '{"error":{"message":"Invalid \\"signature\\" in \\"thinking\\" block"}}',
  ])('of thinking that was signed elsewhere: %s', async (text) => {
    const { asked, adapter } = watching()
    await startThree([refusing(1, refuseWith(400, text))], { adapter })
    const answer = await ask({ config: single, session: 's-1' }).answer
    expect(answer.body.toString()).toBe(served(true))
    expect(asked.map(({ foreignThinking }) => foreignThinking)).toEqual([0, 1])
    await ask({ config: single, session: 's-1' }).answer
    await ask({ config: single, session: 's-2' }).answer
    // Remembered for that conversation, and for no other.
    expect(asked.map(({ foreignThinking }) => foreignThinking)).toEqual([0, 1, 1, 0])
    expect(gateway.records[0]!.route.map(({ result }) => result)).toEqual(['repaired', 'answered'])
  })

  test('of betas that are named: exactly those are left out, for six hours, and an operator is told once', async () => {
    const clock = createManualClock()
    const { asked, adapter } = watching()
    const text = 'Unexpected value(s) `afk-mode-2026-01-31`, `speed-2026-02-01` for the `anthropic-beta` header.'
    await startThree([refusing(1, refuseWith(400, text))], { adapter, clock })
    await ask({ config: single }).answer
    await ask({ config: single, session: 'another' }).answer
    clock.advance(6 * 3_600_000)
    await ask({ config: single }).answer
    const betas = ['afk-mode-2026-01-31', 'speed-2026-02-01']
    expect(asked.map(({ betasRefused }) => [...betasRefused])).toEqual([[], betas, betas, []])
    expect(gateway.warnings).toMatchObject([{ provider: '@prod', model: 'claude-opus-5-5' }])
  })

  test.each([
    ['invalid beta flag', { fewestBetas: true }],
    ['system: x-anthropic-billing-header is a reserved keyword and may not be used', { withoutAttribution: true }],
    ['system.1.cache_control.ephemeral.ttl: Extra inputs are not permitted', { withoutCacheTtl: true }],
  ])('of %s', async (text, repaired) => {
    const { asked, adapter } = watching()
    await startThree([refusing(1, refuseWith(400, text))], { adapter })
    expect((await ask({ config: single }).answer).status).toBe(200)
    expect(asked[1]).toMatchObject(repaired)
  })

  test('is made once; the second refusal is the client’s, byte for byte', async () => {
    await startThree([refuseWith(400, 'Invalid `signature` in `thinking` block')])
    const answer = await ask({ config: single }).answer
    expect([answer.status, calls()]).toEqual([400, [2]])
  })

  test('of a proof that has run out: renewed once', async () => {
    const forgotten: number[] = []
    const signer = {
      ...anthropicSigner,
      forget: (_upstream: unknown, { status }: { status: number }) => forgotten.push(status) > 0,
    }
    await startThree([refusing(1, refuseWith(403))], { signer })
    expect((await ask({ config: single }).answer).status).toBe(200)
    expect(forgotten).toEqual([403])
  })

  test('is not made of any other 400', async () => {
    await startThree([refuseWith(400, 'messages: at least one message is required')])
    expect((await ask({ config: single }).answer).status).toBe(400)
    expect(calls()).toEqual([1])
  })
})

describe('a target that cannot serve a request', () => {
  const adapter = {
    ...anthropicAdapter,
    encode(...[call, upstream]: Parameters<typeof anthropicAdapter.encode>) {
      if (upstream.slug === 'second') {
        throw new GatewayError('target.incapable', 'safeguards: Extra inputs are not permitted')
      }
      return anthropicAdapter.encode(call, upstream)
    },
  }

  test('is passed over without a call', async () => {
    await startThree([refuseWith(529), serve, serve], { adapter })
    expect((await ask().answer).status).toBe(200)
    expect(calls()).toEqual([1, 0, 1])
  })

  test('has the last word when all others have failed, so that the client leaves the field out and comes again', async () => {
    await startThree([refuseWith(529), serve, refuseWith(529)], { adapter })
    const answer = await ask().answer
    expect(answer.status).toBe(400)
    expect(answer.body.toString()).toContain('safeguards: Extra inputs are not permitted')
  })
})

describe('a conversation', () => {
  test('stays with the target that served it, moves for cause, and stays there', async () => {
    let isFirstDown = false
    let isSecondDown = false
    await startThree([
      (...args) => (isFirstDown ? refuseWith(529) : serve)(...args),
      (...args) => (isSecondDown ? refuseWith(529) : serve)(...args),
      serve,
    ])
    const turn = async () => portkey((await ask({ session: 's-1' }).answer).headers, 'last-used-option-index')
    expect(await turn()).toBe('config.targets[0]')
    isFirstDown = true
    expect(await turn()).toBe('config.targets[1]')
    isFirstDown = false
    expect(await turn()).toBe('config.targets[1]')
    expect(calls()).toEqual([2, 2, 0])
    isSecondDown = true
    expect(await turn()).toBe('config.targets[0]')
    isSecondDown = false
    expect(await turn()).toBe('config.targets[0]')
    // Another conversation follows the document.
    await ask({ session: 's-2' }).answer
    expect(calls()).toEqual([5, 3, 0])
  })

  test('is forgotten after an hour', async () => {
    const clock = createManualClock()
    await startThree([refusing(1, refuseWith(529)), serve, serve], { clock })
    await ask({ session: 's-1' }).answer
    clock.advance(3_600_000)
    const answer = await ask({ session: 's-1' }).answer
    expect(portkey(answer.headers, 'last-used-option-index')).toBe('config.targets[0]')
  })
})

describe('a circuit', () => {
  test('opens after five failures in a row, is passed over, and closes when a trial call is served', async () => {
    const clock = createManualClock()
    await startThree([refusing(5, refuseWith(500)), serve, serve], { clock })
    for (let turn = 0; turn < 7; turn++) await ask().answer
    expect(calls()).toEqual([5, 7, 0])
    await gateway.recorded(7)
    expect(gateway.records[6]!.route[0]).toMatchObject({ result: 'skipped', reason: 'circuit open' })
    clock.advance(30_000)
    await ask().answer
    await ask().answer
    expect(calls()).toEqual([7, 7, 0])
  })

  test('does not open for others by the haste of one request', async () => {
    const clock = createManualClock()
    let seen = Promise.withResolvers<void>()
    await startThree([() => seen.resolve(), serve, serve], { clock })
    for (let turn = 0; turn < 6; turn++) {
      seen = Promise.withResolvers()
      const { answer } = ask({ headers: turn < 3 ? ['x-portkey-request-timeout', '1'] : [], config: hasty(turn) })
      await seen.promise
      clock.advance(1)
      expect(portkey((await answer).headers, 'last-used-option-index')).toBe('config.targets[1]')
    }
    expect(calls()).toEqual([6, 6, 0])
  })

  const hasty = (turn: number) => (turn < 3 ? FALLBACK : { ...FALLBACK, request_timeout: 1 })

  test('is not looked at when all of them are open', async () => {
    await startThree([refuseWith(500), refuseWith(500), refuseWith(500)])
    for (let turn = 0; turn < 6; turn++) expect((await ask().answer).status).toBe(500)
    expect(calls()).toEqual([6, 6, 6])
  })
})

describe('a share', () => {
  const half = {
    strategy: { mode: 'loadbalance' },
    targets: [
      { provider: '@prod', weight: 1 },
      { provider: '@second', weight: 3 },
    ],
  }

  test('follows the weights, and a conversation stays where it began', async () => {
    await startThree([serve, serve])
    for (let at = 0; at < 80; at++) await ask({ config: half, session: `s-${at % 40}` }).answer
    const [first = 0, second = 0] = calls()
    expect(first + second).toBe(80)
    // 40 conversations of two turns each: every one of them asked one target twice.
    expect(first % 2).toBe(0)
    expect(first).toBeGreaterThan(0)
    expect(second).toBeGreaterThan(first)
  })

  test('that fails is served by the others', async () => {
    await startThree([refuseWith(529), serve])
    for (let at = 0; at < 4; at++) expect((await ask({ config: half, session: `s-${at}` }).answer).status).toBe(200)
  })

  test('of 0 takes no traffic, also when the others fail', async () => {
    const config = { ...half, targets: [{ provider: '@prod', weight: 0 }, { provider: '@second' }] }
    await startThree([serve, refuseWith(529)])
    expect((await ask({ config }).answer).status).toBe(529)
    expect(calls()).toEqual([0, 1])
  })
})

describe('strategies inside each other', () => {
  test('a fallback inside a condition inside a fallback', async () => {
    const inner = {
      strategy: { mode: 'fallback' },
      name: 'inner',
      targets: [{ provider: '@prod' }, { provider: '@second' }],
    }
    const config = {
      strategy: { mode: 'fallback' },
      targets: [
        {
          strategy: {
            mode: 'conditional',
            // oxlint-disable-next-line unicorn/no-thenable -- Portkey's name for it.
            conditions: [{ query: { 'metadata.team': { $eq: 'payments' } }, then: 'inner' }],
            default: 'other',
          },
          targets: [inner, { name: 'other', provider: '@third' }],
        },
        { provider: '@third' },
      ],
    }
    await startThree([refuseWith(529), refuseWith(503), serve])
    const answer = await ask({ config, headers: ['x-portkey-metadata', '{"team":"payments"}'] }).answer
    expect(portkey(answer.headers, 'last-used-option-index')).toBe('config.targets[1]')
    expect(calls()).toEqual([1, 1, 1])
    const other = await ask({ config }).answer
    expect(portkey(other.headers, 'last-used-option-index')).toBe('config.targets[0].targets[1]')
  })
})

describe('which config is followed', () => {
  const saved = (document: object, id = 'pc-saved'): RoutingConfig =>
    readConfig(document, { id, versionId: `${id}-1` }).config!
  const toSecond = saved({ provider: '@second' })

  test('a saved one by its name, and the record says which', async () => {
    await startThree([serve, serve], { configs: { 'pc-saved': toSecond } })
    await plain(['x-portkey-config', 'pc-saved'])
    await gateway.recorded(1)
    expect(calls()).toEqual([0, 1])
    expect(gateway.records[0]).toMatchObject({ configId: 'pc-saved', configVersionId: 'pc-saved-1' })
  })

  test('a default config that names providers gives way to a provider that the request names', async () => {
    await startThree([serve, serve], { caller: { defaultConfig: toSecond } })
    await plain([])
    await plain(['x-portkey-provider', '@prod'])
    expect(calls()).toEqual([1, 1])
  })

  test('a key that may not choose follows its own, whatever the request names', async () => {
    await startThree([serve, serve], { caller: { defaultConfig: toSecond, mayOverrideConfig: false } })
    await plain(['x-portkey-provider', '@prod'])
    expect(calls()).toEqual([0, 1])
    const answer = await plain(['x-portkey-config', '{"provider":"@prod"}'])
    expect([answer.status, header(answer.headers, 'x-portcullis-error')]).toEqual([400, 'config.locked'])
  })

  test('a broken document is refused with its path', async () => {
    await startThree([serve])
    const answer = await plain(['x-portkey-config', '{"strategy":{"mode":"falback"}}'])
    expect([answer.status, header(answer.headers, 'x-portcullis-error')]).toEqual([400, 'config.invalid'])
    expect(answer.body.toString()).toContain('strategy')
  })

  test('a target’s own model goes up in place of the client’s, and the record keeps what was asked', async () => {
    await startThree([serve])
    const config = { provider: '@prod', override_params: { model: 'claude-haiku-5-5', max_tokens: 7 } }
    await ask({ config }).answer
    await gateway.recorded(1)
    const sent = JSON.parse(providers[0]!.requests[0]!.body.toString()) as object
    expect(sent).toMatchObject({ model: 'claude-haiku-5-5', max_tokens: 7 })
    expect(gateway.records[0]).toMatchObject({ modelAsked: 'claude-opus-5-5' })
  })
})

describe('forwarded headers', () => {
  test('reach the provider, but never the keys of the gateway', async () => {
    await startThree([serve])
    await plain(['x-portkey-forward-headers', 'x-real-ip, x-portkey-api-key, authorization', 'x-real-ip', '10.1.1.1'])
    const { headers } = providers[0]!.requests[0]!
    expect(header(headers, 'x-real-ip')).toBe('10.1.1.1')
    expect(header(headers, 'authorization')).toBeUndefined()
  })

  test('may not name their own list', async () => {
    await startThree([serve])
    expect((await plain(['x-portkey-forward-headers', 'x-portkey-forward-headers'])).status).toBe(400)
  })
})
