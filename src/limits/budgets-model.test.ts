import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Clock } from '../core/clock.ts'
import { createManualClock } from '../testing/clock.ts'
import type { BucketState, Hold } from './budgets.ts'
import { createBudgets } from './create-budgets.ts'
import type { Amounts, Bucket, Budget, BudgetUnit, Purse, Reset } from './limit.ts'

/*
 * Random budgets on several levels, and everything that can happen to them in any order, against a model that keeps every call for ever and
 * adds them all up again for each question.
 */

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const START = Date.UTC(2026, 10, 18, 9)

type Event =
  | { readonly do: 'hold'; readonly levels: readonly number[]; readonly bound: Amounts; readonly ofExpected: number }
  | { readonly do: 'settle'; readonly which: number; readonly share: number }
  | { readonly do: 'release'; readonly which: number }
  | { readonly do: 'resize'; readonly which: number; readonly factor: number }
  | { readonly do: 'amount'; readonly which: number; readonly amount: bigint }
  | { readonly do: 'reset'; readonly which: number }
  | { readonly do: 'period'; readonly which: number; readonly reset: Reset }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'set-back'; readonly ms: number }

/** Small, so that budgets are often spent to the end, and now and then larger than any float could add up. */
const anyAmount = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt({ min: 0n, max: 300n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 10n ** 18n }) },
)
const anyUse = fc.record({
  costNanos: fc.oneof({ weight: 8, arbitrary: fc.bigInt({ min: 0n, max: 80n }) }, { weight: 1, arbitrary: anyAmount }),
  tokens: fc.nat(80),
  requests: fc.constantFrom(0, 1),
})
const anyReset = fc.oneof(
  fc.constantFrom<Reset[]>({ every: 'day' }, { every: 'week' }, { every: 'month' }, { every: 'never' }),
  fc.integer({ min: 1, max: 40 }).map((days): Reset => ({ every: 'days', days })),
)
/** A change of the period looks back for 35 days. */
const shortReset = anyReset.filter((reset) => reset.every !== 'never' && (reset.every !== 'days' || reset.days <= 35))
const anyBudget = fc.record({
  unit: fc.constantFrom<BudgetUnit[]>('cost', 'cost', 'cost', 'tokens', 'requests'),
  amount: anyAmount,
  reset: anyReset,
  hard: fc.constantFrom(true, true, true, false),
  mode: fc.constantFrom<Budget['mode'][]>('strict', 'strict', 'tight'),
  ageDays: fc.nat(50),
  alertAt: fc.constantFrom<bigint[][]>([], [20n], [10n, 50n]),
})
const which = fc.nat(20)
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('hold' as const),
      levels: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 6, size: 'max' }),
      bound: anyUse,
      ofExpected: fc.integer({ min: 0, max: 100 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('settle' as const), which, share: fc.integer({ min: 0, max: 100 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('resize' as const), which, factor: fc.integer({ min: 0, max: 300 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('amount' as const), which, amount: anyAmount }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reset' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('period' as const), which, reset: shortReset }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.nat(HOUR_MS), fc.nat(DAY_MS), fc.nat(20 * DAY_MS)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('set-back' as const), ms: fc.nat(50 * 60_000) }) },
)

test('whatever happens in whatever order, every budget stands where a sum over all calls puts it', () => {
  fc.assert(
    fc.property(
      fc.array(anyBudget, { minLength: 1, maxLength: 6, size: 'max' }),
      fc.array(anyEvent, { minLength: 1, maxLength: 120, size: 'max' }),
      (budgets, events) => {
        const world = createWorld(budgets)
        for (const event of events) {
          world.apply(event)
          world.check()
        }
        world.endAll()
        world.check()
        expect(world.budgets.stats().runningHolds).toBe(0)
      },
    ),
    { numRuns: Number(process.env['MODEL_RUNS'] ?? 200) },
  )
})

interface ModelCall {
  readonly hold: Hold
  /** Moment it counts at, for each bucket, and the mode it holds by. */
  readonly places: ReadonlyMap<Bucket, { readonly at: number; readonly mode: Budget['mode']; readonly resets: number }>
  held: Record<Budget['mode'], Amounts>
  used: Amounts | undefined
}

interface ModelPurse {
  budget: Budget
  readonly bucket: Bucket
  /** How often it was reset by hand. */
  resets: number
}

type Spec = Pick<Budget, 'unit' | 'amount' | 'reset' | 'hard' | 'mode' | 'alertAt'> & { readonly ageDays: number }

function createWorld(specs: readonly Spec[]) {
  const hand = createManualClock(START)
  const clock: Clock = { ...hand, now }
  const calls: ModelCall[] = []
  const told = new Set<string>()
  let shift = 0
  /** Changes of a period: one that begins earlier again may tell again. */
  let changes = 0
  let latest = START
  let furthest = START
  const budgets = createBudgets({
    clock,
    zone: () => 'UTC',
    onThreshold({ bucket, state, threshold }) {
      // Behind the furthest moment it has shown, a clock may come to a threshold again.
      if (now() < furthest) return
      const name = `${bucket} ${state.periodStart} ${threshold} ${changes}`
      if (told.has(name)) throw new Error(`Told twice: ${name}`)
      told.add(name)
    },
  })
  const purses = specs.map(({ ageDays, ...spec }, index): ModelPurse => ({
    budget: {
      ...spec,
      kind: 'budget',
      id: `budget-${index}`,
      level: 'policy',
      of: 'whoever it is',
      workspaceId: undefined,
      since: START - ageDays * DAY_MS,
    },
    // Every other one is a bucket of values that a policy groups by.
    bucket: index % 2 === 0 ? `budget-${index}` : `budget-${index}|["ann"]`,
    resets: 0,
  }))
  return { apply, check, endAll, budgets }

  function apply(event: Event): void {
    switch (event.do) {
      case 'hold':
        return hold(event.levels, event.bound, event.ofExpected)
      case 'settle':
        return onRunning(event.which, (call) => settle(call, event.share))
      case 'release':
        return onRunning(event.which, (call) => {
          call.hold.release()
          call.used = NOTHING
        })
      case 'resize':
        return onRunning(event.which, (call) => resize(call, event.factor))
      case 'amount':
        return change(event.which, { amount: event.amount })
      case 'period':
        changes++
        return change(event.which, { reset: event.reset })
      case 'reset':
        // A clock that stands before calls it has already dated cannot tell which of them come before the reset.
        if (now() <= latest) hand.advance(latest - now() + 1)
        furthest = Math.max(furthest, now())
        return resetByHand(purses[event.which % purses.length]!)
      case 'wait':
        hand.advance(event.ms)
        furthest = Math.max(furthest, now())
        return
      case 'set-back':
        shift -= event.ms
    }
  }

  function resetByHand(purse: ModelPurse): void {
    purse.resets++
    purse.budget = { ...purse.budget, since: Math.max(now(), purse.budget.since) }
  }

  /** Each budget against the sum of all calls; what a strict one lets pass fits in it. */
  function check(): void {
    for (const purse of purses) {
      const state = budgets.state(purse.budget, purse.bucket)
      const { start, end } = periodOf(purse.budget, now())
      expect(state.periodStart, `begin of ${purse.bucket}`).toBe(start)
      expect(state.resetsAt ?? Infinity, `end of ${purse.bucket}`).toBe(end)
      expect({ spent: state.spent, held: state.held }, purse.bucket).toEqual(sum(purse, start, end))
    }
  }

  function endAll(): void {
    for (const call of calls) if (call.used === undefined) settle(call, 50)
  }

  function now(): number {
    return hand.now() + shift
  }

  function hold(levels: readonly number[], bound: Amounts, ofExpected: number): void {
    const chosen = [...new Set(levels.map((level) => purses[level % purses.length]!))]
    const at = now()
    const expected = scale(bound, ofExpected)
    const before = chosen.map((purse) => budgets.state(purse.budget, purse.bucket))
    const answer = budgets.hold(
      chosen.map(({ budget, bucket }): Purse => ({ budget, bucket })),
      { bound, expected, at },
    )
    const wants = ({ mode, unit }: Budget) => amountOf(mode === 'strict' ? bound : expected, unit)
    const full = chosen.filter((purse, index) => isFull(purse.budget, before[index]!, wants(purse.budget)))
    expect(answer.kind).toBe(full.length > 0 ? 'shortage' : 'hold')
    if (answer.kind === 'shortage') {
      const { purse, reason, state } = answer
      expect(full.map(({ bucket }) => bucket)).toContain(purse.bucket)
      const overspends = purse.budget.amount === 0n || state.spent + wants(purse.budget) > purse.budget.amount
      expect(reason).toBe(overspends ? 'spent' : 'held')
      budgets.refused(answer)
      return
    }
    latest = Math.max(latest, at, ...chosen.map(({ budget }) => budget.since))
    calls.push({
      hold: answer,
      places: new Map(
        chosen.map(({ budget, bucket, resets }) => [
          bucket,
          { at: Math.max(at, budget.since), mode: budget.mode, resets },
        ]),
      ),
      held: { strict: bound, tight: expected },
      used: undefined,
    })
    for (const { budget, bucket } of chosen) {
      const { spent, held } = budgets.state(budget, bucket)
      if (budget.hard) expect(spent + held).toBeLessThanOrEqual(budget.amount)
    }
  }

  function settle(call: ModelCall, share: number): void {
    const strict = purses.filter(({ bucket }) => call.places.get(bucket)?.mode === 'strict')
    const before = strict.map(({ budget, bucket }) => total(budgets.state(budget, bucket)))
    call.used = scale(call.held.strict, share)
    call.hold.settle(call.used)
    call.hold.release()
    expect(call.hold.isOver).toBe(true)
    strict.forEach(({ budget, bucket }, index) => {
      expect(total(budgets.state(budget, bucket))).toBeLessThanOrEqual(before[index]!)
    })
  }

  function resize(call: ModelCall, factor: number): void {
    const bound = scale(call.held.strict, factor)
    const expected = scale(call.held.tight, factor)
    if (!call.hold.resize({ bound, expected })) {
      expect(factor).toBeGreaterThan(100)
      return
    }
    call.held = { strict: bound, tight: expected }
  }

  function change(index: number, patch: Partial<Pick<Budget, 'amount' | 'reset'>>): void {
    const purse = purses[index % purses.length]!
    purse.budget = { ...purse.budget, ...patch }
  }

  function onRunning(index: number, act: (call: ModelCall) => void): void {
    const running = calls.filter(({ used }) => used === undefined)
    const call = running[index % Math.max(1, running.length)]
    if (call !== undefined) act(call)
  }

  function sum(
    { budget, bucket, resets }: { budget: Budget; bucket: Bucket; resets: number },
    start: number,
    end: number,
  ) {
    let spent = 0n
    let held = 0n
    for (const { places, held: holds, used } of calls) {
      const place = places.get(bucket)
      if (place === undefined || place.resets !== resets || place.at < start || place.at >= end) continue
      if (used === undefined) held += amountOf(holds[place.mode], budget.unit)
      else spent += amountOf(used, budget.unit)
    }
    return { spent, held }
  }
}

const NOTHING: Amounts = { costNanos: 0n, tokens: 0, requests: 0 }

function isFull({ hard, amount }: Budget, { spent, held }: BucketState, wanted: bigint): boolean {
  return hard && (amount === 0n || spent + held + wanted > amount)
}

function total({ spent, held }: BucketState): bigint {
  return spent + held
}

function amountOf({ costNanos, tokens, requests }: Amounts, unit: BudgetUnit): bigint {
  return { cost: costNanos, tokens: BigInt(tokens), requests: BigInt(requests) }[unit]
}

/** In hundredths, rounded down. */
function scale({ costNanos, tokens, requests }: Amounts, hundredths: number): Amounts {
  return {
    costNanos: (costNanos * BigInt(hundredths)) / 100n,
    tokens: Math.floor((tokens * hundredths) / 100),
    requests,
  }
}

/** Periods in UTC by arithmetic alone. */
function periodOf({ reset, since }: Budget, now: number): { start: number; end: number } {
  const day = Math.floor(Math.max(now, since) / DAY_MS)
  const [first, next] = span(reset, day, Math.floor(since / DAY_MS))
  return { start: Math.max(first * DAY_MS, since), end: next * DAY_MS }
}

function span(reset: Reset, day: number, firstDay: number): [number, number] {
  switch (reset.every) {
    case 'day':
      return [day, day + 1]
    case 'week':
      return [day - ((day + 3) % 7), day - ((day + 3) % 7) + 7]
    case 'month': {
      const date = new Date(day * DAY_MS)
      return [0, 1].map((more) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + more) / DAY_MS) as [
        number,
        number,
      ]
    }
    case 'days': {
      const first = day - ((day - firstDay) % reset.days)
      return [first, first + reset.days]
    }
    case 'never':
      return [-Infinity, Infinity]
  }
}
