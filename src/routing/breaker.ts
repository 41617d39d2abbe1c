import type { Clock } from '../core/clock.ts'
import type { BreakerRule } from './routing-config.ts'

/*
 * Circuit breakers: a target that fails again and again is left alone for a while, so that nobody waits for it in vain. Closed, calls go
 * through and are counted; open, they are kept away until the cooldown is over; half open, one call at a time tries whether it works again.
 */

/** What has a circuit of its own: one model of one provider, under one rule. */
export interface BreakerTarget {
  readonly providerId: string
  /** Only for `list`. */
  readonly slug: string
  /** The id under which the provider knows the model. */
  readonly model: string
  /** Undefined for the usual rule: five failures in a row within a minute, half a minute of rest. */
  readonly rule: BreakerRule | undefined
}

/** `undecided`: the call ended without telling anything of the target, such as when the client left. */
export type CallOutcome = 'served' | 'failed' | 'undecided'

export type CircuitState = 'closed' | 'open' | 'half-open'

/** One circuit, as operators and metrics see it. Times are milliseconds since the epoch. */
export interface CircuitReport {
  readonly providerId: string
  readonly provider: string
  readonly model: string
  readonly state: CircuitState
  /** Of the last minute; failures and requests that led to the opening while it is open. */
  readonly failures: number
  readonly requests: number
  readonly openedAt: number | undefined
  /** From when on a call may try again. */
  readonly retryAt: number | undefined
}

export interface Breakers {
  /**
   * Whether a call may go there now. True on a half-open circuit takes its one trial call, so ask it of a target that is about to be called,
   * and tell `note` how that ended.
   */
  mayTry(target: BreakerTarget): boolean
  /** Whether calls are kept away, without taking a trial call: to see whether any of several targets is left. */
  isOpen(target: BreakerTarget): boolean
  /** Counts a call. `status` is the upstream's; undefined when it never came to one. */
  note(target: BreakerTarget, outcome: CallOutcome, status: number | undefined): void
  list(): readonly CircuitReport[]
}

export interface BreakersParts {
  readonly clock: Clock
  /** How many circuits are kept before the one that was quiet for longest is forgotten. */
  readonly circuitsMax?: number
}

const CIRCUITS_MAX = 10_000

/** What a failure threshold and a percentage look back on. */
const WINDOW_MS = 60_000
const SLOTS = 6
const SLOT_MS = WINDOW_MS / SLOTS

/** The usual rule. */
const FAILURES_IN_A_ROW = 5
const USUAL_COOLDOWN_MS = 30_000

/** A trial call that never told how it ended blocks the next one for no longer than this. */
const TRIAL_MS = 60_000

/** A circuit that nobody has asked for a day is no news; Portkey forgets after the same time. */
const FORGET_MS = 24 * 3_600_000

interface Slot {
  /** Which stretch of `SLOT_MS` it counts. */
  number: number
  requests: number
  failures: number
}

interface Circuit {
  readonly target: BreakerTarget
  readonly slots: Slot[]
  /** When each of the latest failures in a row happened, at most as many as the usual rule counts. */
  streak: number[]
  /** Moments on the clock that never jumps. */
  openedAt: number | undefined
  retryAt: number
  trialEndsAt: number | undefined
  /** What the circuit had counted when it opened. */
  openedWith: { readonly requests: number; readonly failures: number }
  askedAt: number
}

/** Circuits of this process. A replica finds out for itself, at the price of a few calls. */
export function createBreakers({ clock, circuitsMax = CIRCUITS_MAX }: BreakersParts): Breakers {
  // In the order of their last use, as every use inserts anew.
  const circuits = new Map<string, Circuit>()

  return {
    mayTry(target) {
      const circuit = find(target)
      if (circuit === undefined || circuit.openedAt === undefined) return true
      const now = clock.monotonic()
      if (keepsAway(circuit, now)) return false
      circuit.trialEndsAt = now + TRIAL_MS
      return true
    },

    isOpen(target) {
      const circuit = find(target)
      return circuit !== undefined && keepsAway(circuit, clock.monotonic())
    },

    note(target, outcome, status) {
      const failed = outcome === 'failed' && isFailure(target.rule, status)
      const circuit = find(target) ?? add(target)
      const now = clock.monotonic()
      if (circuit.openedAt !== undefined) {
        // A call from before the opening says nothing new; only the trial's word counts.
        if (circuit.trialEndsAt === undefined) return
        circuit.trialEndsAt = undefined
        if (outcome === 'undecided') return
        if (failed) circuit.retryAt = now + cooldownOf(target.rule)
        else close(circuit)
        return
      }
      if (outcome === 'undecided') return
      count(circuit, failed, now)
      if (failed && hasFailedEnough(circuit, now)) open(circuit, now)
    },

    list() {
      const now = clock.monotonic()
      for (const [key, circuit] of circuits) if (now - circuit.askedAt > FORGET_MS) circuits.delete(key)
      return [...circuits.values()].map((circuit) => reportOf(circuit, now, clock.now()))
    },
  }

  function find(target: BreakerTarget): Circuit | undefined {
    const key = keyOf(target)
    const circuit = circuits.get(key)
    if (circuit === undefined) return undefined
    circuit.askedAt = clock.monotonic()
    circuits.delete(key)
    circuits.set(key, circuit)
    return circuit
  }

  function add(target: BreakerTarget): Circuit {
    const circuit: Circuit = {
      target,
      slots: Array.from({ length: SLOTS }, () => ({ number: -1, requests: 0, failures: 0 })),
      streak: [],
      openedAt: undefined,
      retryAt: 0,
      trialEndsAt: undefined,
      openedWith: { requests: 0, failures: 0 },
      askedAt: clock.monotonic(),
    }
    circuits.set(keyOf(target), circuit)
    for (const oldest of circuits.keys()) {
      if (circuits.size <= circuitsMax) break
      circuits.delete(oldest)
    }
    return circuit
  }
}

function keyOf({ providerId, model, rule }: BreakerTarget): string {
  return `${providerId}\n${rule === undefined ? '' : nameOf(rule)}\n${model}`
}

/** Rules live as long as their config and are asked for with every call. */
const ruleNames = new WeakMap<BreakerRule, string>()

function nameOf(rule: BreakerRule): string {
  const known = ruleNames.get(rule)
  if (known !== undefined) return known
  const name = JSON.stringify([
    rule.failureThreshold,
    rule.failureThresholdPercentage,
    rule.minimumRequests,
    rule.cooldownMs,
    rule.failureStatusCodes === undefined
      ? undefined
      : [...rule.failureStatusCodes].toSorted((one, other) => one - other),
  ])
  ruleNames.set(rule, name)
  return name
}

function cooldownOf(rule: BreakerRule | undefined): number {
  return rule?.cooldownMs ?? USUAL_COOLDOWN_MS
}

function isFailure(rule: BreakerRule | undefined, status: number | undefined): boolean {
  if (status === undefined) return true
  return rule?.failureStatusCodes?.has(status) ?? status >= 500
}

/** Open, and either still cooling down or with a trial call under way. */
function keepsAway({ openedAt, retryAt, trialEndsAt }: Circuit, now: number): boolean {
  if (openedAt === undefined) return false
  return now < retryAt || (trialEndsAt !== undefined && now < trialEndsAt)
}

function count(circuit: Circuit, failed: boolean, now: number): void {
  const number = Math.floor(now / SLOT_MS)
  const slot = circuit.slots[number % SLOTS]!
  if (slot.number !== number) Object.assign(slot, { number, requests: 0, failures: 0 })
  slot.requests += 1
  if (failed) slot.failures += 1
  circuit.streak = failed ? [...circuit.streak, now].slice(-FAILURES_IN_A_ROW) : []
}

function hasFailedEnough({ target: { rule }, slots, streak }: Circuit, now: number): boolean {
  if (rule === undefined) {
    const [first] = streak
    return streak.length === FAILURES_IN_A_ROW && first !== undefined && now - first <= WINDOW_MS
  }
  const { requests, failures } = sumOf(slots, now)
  if (rule.failureThreshold !== undefined && failures >= rule.failureThreshold) return true
  if (rule.failureThresholdPercentage === undefined || requests < rule.minimumRequests) return false
  return failures * 100 >= rule.failureThresholdPercentage * requests
}

/** Over the slots that begin within the last minute. */
function sumOf(slots: readonly Slot[], now: number): { readonly requests: number; readonly failures: number } {
  const oldest = Math.floor(now / SLOT_MS) - SLOTS + 1
  const counted = slots.filter(({ number }) => number >= oldest)
  return {
    requests: counted.reduce((sum, slot) => sum + slot.requests, 0),
    failures: counted.reduce((sum, slot) => sum + slot.failures, 0),
  }
}

function open(circuit: Circuit, now: number): void {
  circuit.openedAt = now
  circuit.retryAt = now + cooldownOf(circuit.target.rule)
  circuit.trialEndsAt = undefined
  circuit.openedWith = sumOf(circuit.slots, now)
}

function close(circuit: Circuit): void {
  circuit.openedAt = undefined
  circuit.streak = []
  for (const slot of circuit.slots) Object.assign(slot, { requests: 0, failures: 0 })
}

function reportOf(circuit: Circuit, now: number, wallNow: number): CircuitReport {
  const { target, slots, openedAt, retryAt, openedWith } = circuit
  const isOpen = openedAt !== undefined
  const onTheWall = (moment: number) => Math.round(wallNow + moment - now)
  return {
    providerId: target.providerId,
    provider: target.slug,
    model: target.model,
    state: !isOpen ? 'closed' : now < retryAt ? 'open' : 'half-open',
    ...(isOpen ? openedWith : sumOf(slots, now)),
    openedAt: isOpen ? onTheWall(openedAt) : undefined,
    retryAt: isOpen ? onTheWall(retryAt) : undefined,
  }
}
