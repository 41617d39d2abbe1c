import type { Clock } from '../core/clock.ts'
import type { Bucket, Lane } from './limit.ts'
import type { Gates, Jam, Pass } from './rates.ts'

export interface GatesParts {
  readonly clock: Clock
  /** How long somebody waits before it is refused. */
  readonly waitMs: number
  /** How many may wait for the same lane. */
  readonly waitersMax: number
}

/**
 * Lets only so many requests run at once. Whoever finds a lane full waits at that lane, first come, first served, and nowhere else: one key that is
 * full does not keep the rest of its workspace waiting.
 */
export function createGates({ clock, waitMs, waitersMax }: GatesParts): Gates {
  const gates = new Map<Bucket, Gate>()
  let ticketsDrawn = 0

  return {
    enter(allLanes, signal) {
      if (!allLanes.some(isConcurrency)) return OPEN
      const lanes = allLanes.filter(isConcurrency)
      const wanted = lanes.map(gateOf)
      const full = wanted.findIndex(isFull)
      if (full !== -1) return waitAt(lanes, wanted, full, signal)
      use(wanted)
      return goThrough(wanted)
    },
  }

  /** Also learns of a value that was changed, and lets those in who now have room. */
  function gateOf({ bucket, rate }: Lane): Gate {
    let gate = gates.get(bucket)
    if (gate === undefined) {
      gate = { bucket, value: rate.value, inside: 0, queue: [], users: 0 }
      gates.set(bucket, gate)
    } else if (gate.value !== rate.value) {
      gate.value = rate.value
      callNext(gate)
    }
    return gate
  }

  /** The gates have to be in use already, and are given back with the pass. */
  function goThrough(wanted: readonly Gate[]): Pass {
    for (const gate of wanted) gate.inside += 1
    let isInside = true
    return {
      kind: 'pass',
      leave() {
        if (!isInside) return
        isInside = false
        for (const gate of wanted) gate.inside -= 1
        for (const gate of wanted) callNext(gate)
        giveBack(wanted)
      },
    }
  }

  function waitAt(
    lanes: readonly Lane[],
    wanted: readonly Gate[],
    full: number,
    signal: AbortSignal,
  ): Promise<Pass | Jam> {
    const jam = (at: number): Jam => ({
      kind: 'jam',
      lane: lanes[at]!,
      waitMs: wanted[at]!.value < 1 ? Infinity : waitMs,
    })
    const stopped = wanted[full]!
    use(wanted)
    if (stopped.value < 1 || stopped.queue.length >= waitersMax || signal.aborted) {
      giveBack(wanted)
      return Promise.resolve(jam(full))
    }
    return new Promise((resolve) => {
      const waiter: Waiter = { ticket: (ticketsDrawn += 1), wanted, at: stopped, admit }
      const timer = clock.after(waitMs, giveUp)
      signal.addEventListener('abort', giveUp, { once: true })
      line(stopped, waiter)

      function admit(): void {
        done()
        resolve(goThrough(wanted))
      }
      function giveUp(): void {
        const { at } = waiter
        at.queue.splice(at.queue.indexOf(waiter), 1)
        done()
        giveBack(wanted)
        resolve(jam(wanted.indexOf(at)))
      }
      function done(): void {
        timer.cancel()
        signal.removeEventListener('abort', giveUp)
      }
    })
  }

  /** Lets in whoever came first, as long as there is room; one that another lane stops now goes on waiting there. */
  function callNext(gate: Gate): void {
    while (!isFull(gate)) {
      const waiter = gate.queue.shift()
      if (waiter === undefined) return
      const stopped = waiter.wanted.find(isFull)
      if (stopped === undefined) waiter.admit()
      else line(stopped, waiter)
    }
  }

  function giveBack(wanted: readonly Gate[]): void {
    for (const gate of wanted) {
      gate.users -= 1
      if (gate.users === 0) gates.delete(gate.bucket)
    }
  }
}

function use(wanted: readonly Gate[]): void {
  for (const gate of wanted) gate.users += 1
}

interface Gate {
  readonly bucket: Bucket
  value: number
  inside: number
  /** Those whom this gate stops, by ticket. */
  readonly queue: Waiter[]
  /** Passes and waiters that know this gate; without any it is forgotten. */
  users: number
}

interface Waiter {
  readonly ticket: number
  readonly wanted: readonly Gate[]
  at: Gate
  admit(): void
}

function isConcurrency({ rate }: Lane): boolean {
  return rate.unit === 'concurrency'
}

function isFull(gate: Gate): boolean {
  return gate.inside >= gate.value
}

/** Somebody who has waited at another gate keeps its place among those who came later. */
function line(gate: Gate, waiter: Waiter): void {
  waiter.at = gate
  const behind = gate.queue.findLastIndex(({ ticket }) => ticket < waiter.ticket)
  gate.queue.splice(behind + 1, 0, waiter)
}

/** For whom nothing limits how many run at once. */
const OPEN: Pass = { kind: 'pass', leave() {} }
