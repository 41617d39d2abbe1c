import { describe, expect, it } from 'vitest'
import { createManualClock } from '../testing/clock.ts'
import { createAccessTokens, type AccessToken } from './access-tokens.ts'

const MINUTE = 60_000
const never = new AbortController().signal

function setUp(lifetimeMs = 60 * MINUTE) {
  const clock = createManualClock()
  const tokens = createAccessTokens({ clock })
  const exchanges: { give: () => void; refuse: (error: Error) => void }[] = []
  const obtain = () =>
    new Promise<AccessToken>((resolve, reject) => {
      const token = `token-${exchanges.length + 1}`
      exchanges.push({ give: () => resolve({ token, expiresAt: clock.now() + lifetimeMs }), refuse: reject })
    })
  const get = (proof = 'a', signal = never, account = 'account') => tokens.get(account, proof, obtain, signal)
  /** A first token, in hand. */
  const begin = async () => {
    const first = get()
    exchanges[0]!.give()
    return first
  }
  return { clock, tokens, exchanges, get, begin }
}

describe('access tokens', () => {
  it('are asked for once, however many calls wait', async () => {
    const { exchanges, get } = setUp()
    const waiting = [get(), get(), get()]
    expect(exchanges).toHaveLength(1)
    exchanges[0]!.give()
    expect(await Promise.all(waiting.map(async (token) => token))).toEqual(['token-1', 'token-1', 'token-1'])
    expect(get()).toBe('token-1')
  })

  it('are renewed five minutes before their end, and not sooner', async () => {
    const { clock, exchanges, get, begin } = setUp()
    await begin()
    clock.advance(55 * MINUTE - 1)
    expect(get()).toBe('token-1')
    clock.advance(1)
    const renewed = get()
    exchanges[1]!.give()
    expect(await renewed).toBe('token-2')
  })

  it('that live for a few minutes only are not asked for with every call', async () => {
    const { clock, exchanges, get, begin } = setUp(4 * MINUTE)
    await begin()
    clock.advance(2 * MINUTE - 1)
    expect(get()).toBe('token-1')
    clock.advance(1)
    void get()
    expect(exchanges).toHaveLength(2)
  })

  it.each([
    ['in ten years', 10 * 365 * 24 * 60 * MINUTE, 24 * 60 * MINUTE],
    ['never', Infinity, 24 * 60 * MINUTE],
    ['before they came', -5_000, 10_000],
    ['at no time', NaN, 15 * MINUTE],
  ])('that say they end %s are kept for a while, and then renewed', async (_end, lifetimeMs, keptMs) => {
    const { clock, exchanges, get, begin } = setUp(lifetimeMs)
    await begin()
    clock.advance(keptMs - 1)
    expect(get()).toBe('token-1')
    clock.advance(1)
    void get()
    expect(exchanges).toHaveLength(2)
  })

  it('serve on while their server is away, until they end', async () => {
    const { clock, exchanges, get, begin } = setUp()
    await begin()
    clock.advance(55 * MINUTE)
    const held = get()
    exchanges[1]!.refuse(new Error('away'))
    expect(await held).toBe('token-1')
    expect(get()).toBe('token-1')
    clock.advance(5 * MINUTE)
    const ended = get()
    exchanges[2]!.refuse(new Error('still away'))
    await expect(ended).rejects.toThrow('still away')
  })

  it('are asked for again after a failure', async () => {
    const { exchanges, get } = setUp()
    const first = get()
    exchanges[0]!.refuse(new Error('away'))
    await expect(first).rejects.toThrow('away')
    const second = get()
    exchanges[1]!.give()
    expect(await second).toBe('token-2')
  })

  it('of an old secret are not used, and do not replace those of the new one', async () => {
    const { exchanges, get } = setUp()
    const old = get('a')
    const fresh = get('b')
    exchanges[1]!.give()
    expect(await fresh).toBe('token-2')
    exchanges[0]!.give()
    expect(await old).toBe('token-1')
    expect(get('b')).toBe('token-2')
  })

  it('of one account are not those of another', async () => {
    const { exchanges, get, begin } = setUp()
    await begin()
    const other = get('a', never, 'other account')
    exchanges[1]!.give()
    expect(await other).toBe('token-2')
  })

  it('once refused are replaced, but not by asking for one with every refusal', async () => {
    const { clock, tokens, exchanges, get, begin } = setUp()
    await begin()
    expect(tokens.forget('account')).toBe(false)
    expect(get()).toBe('token-1')
    clock.advance(MINUTE)
    expect(tokens.forget('account')).toBe(true)
    const next = get()
    expect(tokens.forget('account')).toBe(true)
    exchanges[1]!.give()
    expect(await next).toBe('token-2')
    expect(tokens.forget('nobody')).toBe(false)
  })

  it('come for the others when the call that asked first has left', async () => {
    const { exchanges, get } = setUp()
    const leaver = new AbortController()
    const left = get('a', leaver.signal)
    const stays = get()
    leaver.abort('client')
    await expect(left).rejects.toMatchObject({ code: 'credential.unavailable' })
    exchanges[0]!.give()
    expect(await stays).toBe('token-1')
  })
})
