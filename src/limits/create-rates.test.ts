import { assert as check, array, integer, property, record, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '../testing/clock.ts'
import { createRates } from './create-rates.ts'
import type { Lane, RateLimit } from './limit.ts'
import type { Admission, Jam, RateNeed } from './rates.ts'

const MINUTE = 60_000
const SLOT = MINUTE / 60
const ONE: RateNeed = { endpoint: 'messages', requests: 1, tokens: 0 }

describe('a window of requests', () => {
  it('lets as many pass as the limit says, and tells the next one when', () => {
    const { rates, clock } = build()
    const lanes = [lane({ value: 3 })]
    for (let n = 0; n < 3; n += 1) expect(rates.admit(lanes, ONE).kind).toBe('admission')
    clock.advance(10_000)
    expect(rates.admit(lanes, ONE)).toMatchObject({ kind: 'jam', lane: lanes[0], waitMs: MINUTE + SLOT - 10_000 })
  })

  it('lets the next one pass at the moment that it named, and not a millisecond before', () => {
    const { rates, clock } = build()
    const lanes = [lane({ value: 1 })]
    rates.admit(lanes, ONE)
    const { waitMs } = rates.admit(lanes, ONE) as Jam
    clock.advance(waitMs - 1)
    expect(rates.admit(lanes, ONE).kind).toBe('jam')
    clock.advance(1)
    expect(rates.admit(lanes, ONE).kind).toBe('admission')
  })

  it('does not let twice the limit pass around its edge', () => {
    const { rates, clock } = build()
    const lanes = [lane({ value: 10 })]
    clock.advance(MINUTE - 1)
    expect(admitted(10)).toBe(10)
    clock.advance(2)
    expect(admitted(10)).toBe(0)

    function admitted(times: number): number {
      let count = 0
      for (let n = 0; n < times; n += 1) if (rates.admit(lanes, ONE).kind === 'admission') count += 1
      return count
    }
  })

  it('does not count what it refused', () => {
    const { rates, clock } = build()
    const lanes = [lane({ value: 1 })]
    rates.admit(lanes, ONE)
    clock.advance(30_000)
    for (let n = 0; n < 50; n += 1) rates.admit(lanes, ONE)
    clock.advance(31_000)
    expect(rates.admit(lanes, ONE).kind).toBe('admission')
  })

  it('counts in all lanes or in none', () => {
    const { rates } = build()
    const [wide, narrow] = [lane({ id: 'wide', value: 2 }), lane({ id: 'narrow', value: 1 })]
    rates.admit([wide, narrow], ONE)
    expect(rates.admit([wide, narrow], ONE)).toMatchObject({ kind: 'jam', lane: narrow })
    expect(rates.admit([wide], ONE).kind).toBe('admission')
    expect(rates.admit([wide], ONE).kind).toBe('jam')
  })

  it('follows a value that is changed, and keeps what it has counted', () => {
    const { rates } = build()
    rates.admit([lane({ value: 2 })], ONE)
    rates.admit([lane({ value: 2 })], ONE)
    expect(rates.admit([lane({ value: 3 })], ONE).kind).toBe('admission')
    expect(rates.admit([lane({ value: 1 })], ONE).kind).toBe('jam')
  })

  it('begins a changed length with all that the old one held', () => {
    const { rates } = build()
    rates.admit([lane({ value: 1 })], ONE)
    expect(rates.admit([lane({ value: 1, windowMs: 1_000 })], ONE).kind).toBe('jam')
    rates.admit([lane({ value: 2, windowMs: 1_000 })], ONE)
    expect(rates.admit([lane({ value: 2, windowMs: 1_000 })], ONE).kind).toBe('jam')
  })

  it('never lets a request pass where none is allowed', () => {
    expect(build().rates.admit([lane({ value: 0 })], ONE)).toMatchObject({ kind: 'jam', waitMs: Infinity })
  })

  it('counts requests that count tokens in windows of their own', () => {
    const { rates } = build()
    const lanes = [lane({ value: 1 }), lane({ id: 'tokens', unit: 'tokens', value: 1 })]
    const counting: RateNeed = { endpoint: 'count_tokens', requests: 1, tokens: 5_000 }
    expect(rates.admit(lanes, counting).kind).toBe('admission')
    expect(rates.admit(lanes, counting)).toMatchObject({ kind: 'jam', lane: lanes[0] })
    expect(rates.admit(lanes, { ...ONE, tokens: 1 }).kind).toBe('admission')
  })

  it('holds although the clock goes back', () => {
    let now = 5 * MINUTE
    const rates = createRates({ clock: { ...createManualClock(), monotonic: () => now } })
    const lanes = [lane({ value: 1 })]
    rates.admit(lanes, ONE)
    now = 0
    expect(rates.admit(lanes, ONE).kind).toBe('jam')
    now = 7 * MINUTE
    expect(rates.admit(lanes, ONE).kind).toBe('admission')
  })
})

describe('a window of tokens', () => {
  const need = (tokens: number): RateNeed => ({ endpoint: 'messages', requests: 1, tokens })
  const lanes = [lane({ unit: 'tokens', value: 1_000 })]

  it('gives back what was expected and not used', () => {
    const { rates } = build()
    const admission = rates.admit(lanes, need(900)) as Admission
    expect(rates.admit(lanes, need(200)).kind).toBe('jam')
    admission.correct(100)
    expect(rates.admit(lanes, need(900)).kind).toBe('admission')
    expect(rates.admit(lanes, need(1)).kind).toBe('jam')
  })

  it('counts what was used beyond it from the moment that is known', () => {
    const { rates, clock } = build()
    const admission = rates.admit(lanes, need(100)) as Admission
    clock.advance(5 * MINUTE)
    admission.correct(1_100)
    expect(rates.admit(lanes, need(1))).toMatchObject({ waitMs: MINUTE + SLOT })
  })

  it('corrects once', () => {
    const { rates } = build()
    const admission = rates.admit(lanes, need(500)) as Admission
    admission.correct(400)
    admission.correct(0)
    expect(rates.admit(lanes, need(601)).kind).toBe('jam')
    expect(rates.admit(lanes, need(600)).kind).toBe('admission')
  })

  it('gives nothing back to a window that has passed', () => {
    const { rates, clock } = build()
    const admission = rates.admit(lanes, need(900)) as Admission
    clock.advance(2 * MINUTE)
    rates.admit(lanes, need(1_000))
    admission.correct(0)
    expect(rates.admit(lanes, need(1)).kind).toBe('jam')
  })

  it('says of a request that is larger than the limit that it never fits', () => {
    expect(build().rates.admit(lanes, need(1_001))).toMatchObject({ kind: 'jam', waitMs: Infinity })
  })
})

it('forgets windows that are empty', () => {
  const { rates, clock } = build()
  for (let n = 0; n < 1_000; n += 1) rates.admit([lane({ bucket: `limit|["${n}"]` })], ONE)
  clock.advance(2 * MINUTE)
  for (let n = 0; n < 1_000; n += 1) rates.admit([lane({ bucket: `limit|["later ${n}"]` })], ONE)
  expect(rates.windowCount).toBeLessThanOrEqual(1_002)
})

it('counts all whom it cannot keep apart any more in one window, so that nobody slips through', () => {
  const clock = createManualClock()
  const rates = createRates({ clock, windowsMax: 10 })
  let admitted = 0
  for (let n = 0; n < 100; n += 1) {
    if (rates.admit([lane({ value: 2, bucket: `limit|["${n}"]` })], ONE).kind === 'admission') admitted += 1
  }
  expect(rates.windowCount).toBe(11)
  expect(admitted).toBe(12)
})

/** A gap in milliseconds, then a request for so much. */
const events = array(record({ gap: integer({ min: 0, max: 15_000 }), amount: integer({ min: 1, max: 5 }) }), {
  minLength: 20,
  maxLength: 150,
})

it('lets no stretch of its length pass more than the limit, and refuses nothing that would fit beside one slot more', () => {
  check(
    property(events, tuple(integer({ min: 5, max: 30 }), integer({ min: 0, max: 90_000 })), (steps, [value, start]) => {
      const { rates, clock } = build()
      clock.advance(start)
      const lanes = [lane({ unit: 'tokens', value })]
      const log: { at: number; amount: number }[] = []
      for (const { gap, amount } of steps) {
        clock.advance(gap)
        const now = clock.monotonic()
        const inside = (ms: number) => log.reduce((sum, each) => sum + (now - each.at < ms ? each.amount : 0), 0)
        const isAdmitted =
          rates.admit(lanes, { endpoint: 'messages', requests: 1, tokens: amount }).kind === 'admission'
        if (isAdmitted) {
          expect(inside(MINUTE) + amount).toBeLessThanOrEqual(value)
          log.push({ at: now, amount })
        } else {
          expect(inside(MINUTE + SLOT) + amount).toBeGreaterThan(value)
        }
      }
    }),
    { numRuns: 500 },
  )
})

it('names a wait that is exact to a slot: the same request passes after it, and does not one slot before', () => {
  check(
    property(events, integer({ min: 5, max: 30 }), (steps, value) => {
      const { rates, clock } = build()
      const lanes = [lane({ unit: 'tokens', value })]
      for (const { gap, amount } of steps) {
        clock.advance(gap)
        const need: RateNeed = { endpoint: 'messages', requests: 1, tokens: amount }
        const answer = rates.admit(lanes, need)
        if (answer.kind === 'admission') continue
        expect(answer.waitMs).toBeGreaterThan(0)
        if (answer.waitMs > SLOT) {
          clock.advance(answer.waitMs - SLOT)
          expect(rates.admit(lanes, need)).toMatchObject({ kind: 'jam', waitMs: SLOT })
          clock.advance(SLOT)
        } else {
          clock.advance(answer.waitMs)
        }
        expect(rates.admit(lanes, need).kind).toBe('admission')
      }
    }),
  )
})

function build() {
  const clock = createManualClock()
  return { clock, rates: createRates({ clock }) }
}

interface LaneOptions extends Partial<Pick<RateLimit, 'id' | 'unit' | 'value' | 'windowMs'>> {
  readonly bucket?: string
}

function lane({ id = 'limit', unit = 'requests', value = 10, windowMs = MINUTE, bucket = id }: LaneOptions): Lane {
  return {
    rate: { kind: 'rate', id, level: 'key', of: 'key “ci”', workspaceId: undefined, unit, value, windowMs },
    bucket,
  }
}
