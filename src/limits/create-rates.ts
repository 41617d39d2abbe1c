import type { Clock } from '../core/clock.ts'
import { ALL_OTHERS, bucketOf } from './bucket.ts'
import type { Bucket, Lane } from './limit.ts'
import type { Admission, Jam, Rates, RateNeed } from './rates.ts'

/**
 * Counts in sliding windows, in memory. A window is kept as 60 slots and the one that is being filled, so whatever happened within its length is
 * counted: no stretch of that length, wherever it begins, lets more pass than the limit. The price is that an event counts for up to one slot,
 * a sixtieth of the window, longer than it would in an exact log.
 *
 * Requests that count tokens have windows of their own: clients send them by the dozen, and they cost nothing.
 */
export function createRates({ clock, windowsMax = WINDOWS_MAX }: RatesParts): Rates {
  const windows = { messages: new Map<Bucket, Window>(), count_tokens: new Map<Bucket, Window>() }

  return {
    admit(lanes, need) {
      if (lanes.length === 0) return FREE
      const kept = windows[need.endpoint]
      const now = clock.monotonic()
      let countsTokens = false
      for (const lane of lanes) {
        const amount = amountFor(lane, need)
        if (amount === undefined) continue
        if (lane.rate.unit === 'tokens') countsTokens = true
        const waitMs = waitFor(find(kept, lane), lane.rate.value, amount, now)
        if (waitMs > 0) return { kind: 'jam', lane, waitMs } satisfies Jam
      }
      for (const lane of lanes) {
        const amount = amountFor(lane, need)
        if (amount !== undefined) findOrMake(kept, lane, now).add(amount, now)
      }
      return countsTokens ? new TokenAdmission(lanes, need.tokens, now, correctOne) : FREE
    },
    get windowCount() {
      return windows.messages.size + windows.count_tokens.size
    },
  }

  /** What was not used is given back where it was counted; what was used beyond it came since, and counts now. */
  function correctOne(lane: Lane, more: number, countedAt: number): void {
    const now = clock.monotonic()
    if (more < 0) find(windows.messages, lane)?.takeBack(-more, countedAt, now)
    else findOrMake(windows.messages, lane, now).add(more, now)
  }

  function find(kept: Map<Bucket, Window>, lane: Lane): Window | undefined {
    return kept.get(lane.bucket) ?? kept.get(crowdOf(lane))
  }

  function findOrMake(kept: Map<Bucket, Window>, lane: Lane, now: number): Window {
    const { windowMs } = lane.rate
    const own = kept.get(lane.bucket)
    if (own?.windowMs === windowMs) return own
    if (own === undefined) forgetIdle(kept, now)
    const crowd = crowdOf(lane)
    const sharesCrowd = own === undefined && (kept.has(crowd) || kept.size >= windowsMax)
    const found = sharesCrowd ? kept.get(crowd) : own
    if (found?.windowMs === windowMs) return found
    const made = new Window(windowMs, now)
    // A limit whose window was changed begins the new one with all that the old one held.
    if (found !== undefined) made.add(found.sumAt(now), now)
    kept.set(sharesCrowd ? crowd : lane.bucket, made)
    return made
  }
}

interface RatesParts {
  readonly clock: Clock
  /** Windows kept at the same time, each about 700 bytes. */
  readonly windowsMax?: number
}

/**
 * A policy that groups by what a request says of itself can be made to open a window for each request. Past this number, whoever has none yet
 * shares one with all the others of the same limit: too strict for them, but never too lax.
 */
const WINDOWS_MAX = 50_000

function crowdOf({ rate }: Lane): Bucket {
  return bucketOf(rate.id, ALL_OTHERS)
}

/** Looks at the windows that were not looked at for longest, two for each new one: so all are seen in time, and no single request pays for it. */
function forgetIdle(kept: Map<Bucket, Window>, now: number): void {
  let looks = 2
  for (const [bucket, window] of kept) {
    kept.delete(bucket)
    if (window.sumAt(now) > 0) kept.set(bucket, window)
    looks -= 1
    if (looks === 0) return
  }
}

/** What a request counts for in a lane; undefined where it does not count at all. */
function amountFor({ rate }: Lane, need: RateNeed): number | undefined {
  switch (rate.unit) {
    case 'requests':
      return need.requests
    case 'tokens':
      return need.endpoint === 'messages' ? need.tokens : undefined
    case 'concurrency':
      return undefined
  }
}

function waitFor(window: Window | undefined, value: number, amount: number, now: number): number {
  if (amount === 0) return 0
  if (amount > value) return Infinity
  return window === undefined ? 0 : window.waitMs(value - amount, now)
}

const SLOTS = 60

/** Sixty slots behind the one that is being filled, as a ring that turns when it is asked. */
class Window {
  readonly windowMs: number
  readonly #slotMs: number
  readonly #ring = new Float64Array(SLOTS + 1)
  #sum = 0
  /** Number of the slot that is being filled, counted from the beginning of time. */
  #last: number

  constructor(windowMs: number, now: number) {
    this.windowMs = windowMs
    this.#slotMs = windowMs / SLOTS
    this.#last = this.#slotOf(now)
  }

  sumAt(now: number): number {
    this.#turn(now)
    return this.#sum
  }

  add(amount: number, now: number): void {
    this.#turn(now)
    const place = this.#last % this.#ring.length
    this.#ring[place] = this.#ring[place]! + amount
    this.#sum += amount
  }

  takeBack(amount: number, from: number, now: number): void {
    this.#turn(now)
    const slot = this.#slotOf(from)
    if (slot <= this.#last - this.#ring.length || slot > this.#last) return
    const place = slot % this.#ring.length
    const taken = Math.min(amount, this.#ring[place]!)
    this.#ring[place] = this.#ring[place]! - taken
    this.#sum -= taken
  }

  /** Until no more than `sumMax` is counted; 0 when that is so now. */
  waitMs(sumMax: number, now: number): number {
    this.#turn(now)
    let sum = this.#sum
    if (sum <= sumMax) return 0
    let slot = this.#last - SLOTS
    for (; slot < this.#last; slot += 1) {
      sum -= this.#ring[(slot + this.#ring.length) % this.#ring.length]!
      if (sum <= sumMax) break
    }
    return (slot + this.#ring.length) * this.#slotMs - now
  }

  #slotOf(now: number): number {
    return Math.floor(now / this.#slotMs)
  }

  /** Empties the slots that have fallen out of the window. A clock that went back counts on in the slot it had reached. */
  #turn(now: number): void {
    const slot = this.#slotOf(now)
    if (slot <= this.#last) return
    if (slot - this.#last > SLOTS) {
      this.#ring.fill(0)
      this.#sum = 0
    } else {
      for (let next = this.#last + 1; next <= slot; next += 1) {
        const place = next % this.#ring.length
        this.#sum -= this.#ring[place]!
        this.#ring[place] = 0
      }
    }
    this.#last = slot
  }
}

/** Remembers what was expected of one request, until it is known. */
class TokenAdmission implements Admission {
  readonly kind = 'admission'
  readonly #lanes: readonly Lane[]
  readonly #expected: number
  readonly #at: number
  readonly #correct: (lane: Lane, more: number, countedAt: number) => void
  #isCorrected = false

  constructor(
    lanes: readonly Lane[],
    expected: number,
    at: number,
    correct: (lane: Lane, more: number, countedAt: number) => void,
  ) {
    this.#lanes = lanes
    this.#expected = expected
    this.#at = at
    this.#correct = correct
  }

  correct(tokens: number): void {
    if (this.#isCorrected) return
    this.#isCorrected = true
    const more = tokens - this.#expected
    if (more === 0) return
    for (const lane of this.#lanes) if (lane.rate.unit === 'tokens') this.#correct(lane, more, this.#at)
  }
}

/** Of a request in whose windows nothing is to be corrected. */
const FREE: Admission = { kind: 'admission', correct() {} }
