import { expect, test } from 'vitest'
import { createManualClock } from '../testing/clock.ts'
import type { Hold, Shortage } from './budgets.ts'
import { createBudgets, type BudgetsParts } from './create-budgets.ts'
import type { Amounts, Budget, Purse } from './limit.ts'
import { forecastSpent, type ThresholdEvent } from './thresholds.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A Monday. */
const START = Date.UTC(2026, 10, 23)

function build(over: Partial<BudgetsParts> = {}) {
  const clock = createManualClock(START)
  return { clock, budgets: createBudgets({ clock, zone: () => 'UTC', ...over }) }
}

function budget(over: Partial<Budget> = {}): Budget {
  return {
    kind: 'budget',
    id: 'budget',
    level: 'key',
    of: 'key “ci”',
    workspaceId: 'workspace',
    unit: 'cost',
    amount: 100n,
    reset: { every: 'day' },
    since: START - 90 * DAY_MS,
    hard: true,
    mode: 'strict',
    alertAt: [],
    ...over,
  }
}

function purse(over: Partial<Budget> = {}, bucket?: string): Purse {
  const made = budget(over)
  return { budget: made, bucket: bucket ?? made.id }
}

function cost(nanos: number | bigint, more: Partial<Amounts> = {}): Amounts {
  return { costNanos: BigInt(nanos), tokens: 0, requests: 0, ...more }
}

function need(bound: number | bigint, expected: number | bigint = bound, at = START) {
  return { bound: cost(bound), expected: cost(expected), at }
}

function expectHold(answer: Hold | Shortage): Hold {
  if (answer.kind !== 'hold') throw new Error(`Refused as ${answer.reason} by ${answer.purse.budget.id}.`)
  return answer
}

function expectShortage(answer: Hold | Shortage): Shortage {
  if (answer.kind !== 'shortage') throw new Error('A hold was given.')
  return answer
}

test('a hold takes room until it is settled, and then what was used stays taken', () => {
  const { budgets } = build()
  const key = purse()
  const hold = expectHold(budgets.hold([key], need(60)))
  expect(hold.buckets).toEqual(['budget'])
  expect(budgets.state(key.budget, key.bucket)).toEqual({
    spent: 0n,
    held: 60n,
    periodStart: START,
    resetsAt: START + DAY_MS,
  })
  expect(budgets.room([key], 'strict')).toEqual({ costNanos: 40n, tokens: undefined })
  hold.settle(cost(25))
  expect(budgets.state(key.budget, key.bucket)).toMatchObject({ spent: 25n, held: 0n })
  expect(budgets.stats().runningHolds).toBe(0)
})

test('a hold ends once: what is said later is ignored', () => {
  const { budgets } = build()
  const key = purse()
  const hold = expectHold(budgets.hold([key], need(60)))
  hold.release()
  hold.settle(cost(25))
  hold.release()
  expect(hold.isOver).toBe(true)
  expect(hold.resize(need(1))).toBe(false)
  expect(budgets.state(key.budget, key.bucket)).toMatchObject({ spent: 0n, held: 0n })
})

test('what running calls hold is told apart from what is spent', () => {
  const { budgets } = build()
  const key = purse()
  const running = expectHold(budgets.hold([key], need(60)))
  expect(expectShortage(budgets.hold([key], need(50)))).toMatchObject({ reason: 'held', state: { held: 60n } })
  expect(expectShortage(budgets.hold([key], need(101))).reason).toBe('spent')
  running.settle(cost(60))
  expect(expectShortage(budgets.hold([key], need(50))).reason).toBe('spent')
})

test('a hold is placed at all levels or at none', () => {
  const { budgets } = build()
  const [all, team, key] = [
    purse({ id: 'all', amount: 1_000n }),
    purse({ id: 'team' }),
    purse({ id: 'key', amount: 10n }),
  ]
  expect(expectShortage(budgets.hold([all, team, key], need(50))).purse).toBe(key)
  for (const { budget: one, bucket } of [all, team, key]) expect(budgets.state(one, bucket).held).toBe(0n)
})

test('a spent budget is named rather than one that is only held', () => {
  const { budgets } = build()
  const [held, spent] = [purse({ id: 'held' }), purse({ id: 'spent', amount: 10n })]
  expectHold(budgets.hold([held], need(90)))
  expect(expectShortage(budgets.hold([held, spent], need(20))).purse).toBe(spent)
})

test('a strict budget holds the bound, a tight one what is expected, a soft one refuses nothing', () => {
  const { budgets } = build()
  const strict = purse({ id: 'strict' })
  const tight = purse({ id: 'tight', mode: 'tight' })
  const soft = purse({ id: 'soft', hard: false, amount: 1n })
  expectHold(budgets.hold([strict, tight, soft], need(80, 5)))
  expect(budgets.state(strict.budget, strict.bucket).held).toBe(80n)
  expect(budgets.state(tight.budget, tight.bucket).held).toBe(5n)
  expect(budgets.state(soft.budget, soft.bucket).held).toBe(80n)
  expect(budgets.room([strict, tight, soft], 'strict').costNanos).toBe(20n)
  expect(budgets.room([strict, tight, soft], 'tight').costNanos).toBe(95n)
})

test('nothing passes a budget of nothing, not even a call without a price', () => {
  const { budgets } = build()
  expect(expectShortage(budgets.hold([purse({ amount: 0n })], need(0))).reason).toBe('spent')
})

test('a call that costs nothing passes a budget that is just used up', () => {
  const { budgets } = build()
  const requests = purse({ unit: 'requests', amount: 1n })
  const first = expectHold(
    budgets.hold([requests], { bound: cost(0, { requests: 1 }), expected: cost(0, { requests: 1 }), at: START }),
  )
  first.settle(cost(5, { requests: 1 }))
  // A retry of the same exchange, which counts no request of its own.
  expectHold(budgets.hold([requests], need(9)))
})

test('amounts of a billion dollars are added up to the nano-dollar', () => {
  const { budgets } = build()
  const huge = purse({ amount: 10n ** 18n })
  expectHold(budgets.hold([huge], need(10n ** 18n - 1n))).settle(cost(10n ** 18n - 1n))
  expect(expectShortage(budgets.hold([huge], need(2))).reason).toBe('spent')
  expectHold(budgets.hold([huge], need(1)))
})

test('a hold grows only where all levels have room, and always shrinks', () => {
  const { budgets } = build()
  const [wide, narrow] = [purse({ id: 'wide', amount: 1_000n }), purse({ id: 'narrow' })]
  const hold = expectHold(budgets.hold([wide, narrow], need(50)))
  expect(hold.resize(need(101))).toBe(false)
  expect(budgets.state(wide.budget, 'wide').held).toBe(50n)
  expect(hold.resize(need(100))).toBe(true)
  expect(budgets.state(wide.budget, 'wide').held).toBe(100n)
  expect(hold.resize(need(3))).toBe(true)
  expect(budgets.state(narrow.budget, 'narrow').held).toBe(3n)
})

test('a call belongs to the period it began in, also when it ends in the next one', () => {
  const { budgets, clock } = build()
  const daily = purse()
  clock.advance(DAY_MS - 1_000)
  const late = expectHold(budgets.hold([daily], need(90, 90, clock.now())))
  clock.advance(2_000)
  expect(budgets.state(daily.budget, 'budget')).toMatchObject({ spent: 0n, held: 0n, periodStart: START + DAY_MS })
  const next = expectHold(budgets.hold([daily], need(100, 100, clock.now())))
  late.settle(cost(90))
  expect(budgets.state(daily.budget, 'budget')).toMatchObject({ spent: 0n, held: 100n })
  next.settle(cost(7))
  expect(budgets.state(daily.budget, 'budget').spent).toBe(7n)
})

test('a period that has been counted keeps its count when the clock is set back into it', () => {
  let now = START + 12 * HOUR_MS
  const clock = { ...createManualClock(), now: () => now }
  const budgets = createBudgets({ clock, zone: () => 'UTC' })
  const daily = purse()
  expectHold(budgets.hold([daily], need(80, 80, now))).settle(cost(80))
  now = START + DAY_MS + 1
  expectHold(budgets.hold([daily], need(30, 30, now))).settle(cost(30))
  now = START + DAY_MS - 1
  expect(expectShortage(budgets.hold([daily], need(30, 30, now))).state.spent).toBe(80n)
  now = START + DAY_MS + 2
  expect(budgets.state(daily.budget, 'budget').spent).toBe(30n)
})

test('changing the amount keeps what is spent, and raising it lets calls pass again', () => {
  const { budgets } = build()
  expectHold(budgets.hold([purse()], need(100))).settle(cost(90))
  expect(budgets.hold([purse()], need(20)).kind).toBe('shortage')
  expectHold(budgets.hold([purse({ amount: 200n })], need(20)))
  expect(expectShortage(budgets.hold([purse({ amount: 50n })], need(1))).state.spent).toBe(90n)
})

test('a longer period counts what a shorter one had forgotten', () => {
  const { budgets, clock } = build()
  expectHold(budgets.hold([purse()], need(60))).settle(cost(60))
  clock.advance(DAY_MS)
  expect(budgets.state(budget(), 'budget').spent).toBe(0n)
  expect(budgets.state(budget({ reset: { every: 'week' } }), 'budget').spent).toBe(60n)
})

test('a reset by hand begins at nothing, and calls from before it stay before it', () => {
  const { budgets, clock } = build()
  expectHold(budgets.hold([purse()], need(60))).settle(cost(60))
  const running = expectHold(budgets.hold([purse()], need(40)))
  clock.advance(1_000)
  const anew = purse({ since: clock.now() })
  const hold = expectHold(budgets.hold([anew], need(100, 100, clock.now())))
  running.settle(cost(40))
  hold.settle(cost(10))
  expect(budgets.state(anew.budget, 'budget')).toMatchObject({ spent: 10n, held: 0n, periodStart: START + 1_000 })
})

test('a reset that is heard of a moment late leaves nothing of before', () => {
  const { budgets, clock } = build()
  expectHold(budgets.hold([purse()], need(60))).settle(cost(60))
  clock.advance(20)
  expectHold(budgets.hold([purse()], need(30, 30, clock.now()))).settle(cost(30))
  const anew = budget({ since: START + 10 })
  expect(budgets.state(anew, 'budget').spent).toBe(0n)
})

test('a single bucket of a policy is reset without the others', () => {
  const resets = new Map<string, number>()
  const { budgets, clock } = build({ resets: (bucket) => resets.get(bucket) })
  const [ann, ben] = [purse({ level: 'policy' }, 'budget|["ann"]'), purse({ level: 'policy' }, 'budget|["ben"]')]
  for (const one of [ann, ben]) expectHold(budgets.hold([one], need(80))).settle(cost(80))
  clock.advance(1)
  resets.set(ann.bucket, clock.now())
  expectHold(budgets.hold([ann], need(80, 80, clock.now())))
  expect(expectShortage(budgets.hold([ben], need(80, 80, clock.now()))).reason).toBe('spent')
  expect(budgets.buckets('budget')).toEqual([ann.bucket, ben.bucket])
})

test('values beyond the cap of a policy share one bucket until its period ends', () => {
  const { budgets, clock } = build({ bucketsMax: 3 })
  const value = (number: number) => purse({ level: 'policy' }, `budget|["${number}"]`)
  for (let number = 0; number < 50; number++) budgets.hold([value(number)], need(10, 10, clock.now()))
  expect(budgets.stats()).toMatchObject({ buckets: 4, overflowed: 47 })
  expect(expectShortage(budgets.hold([value(99)], need(10))).state).toMatchObject({ held: 100n })
  expectHold(budgets.hold([value(0)], need(10)))
})

test('a value that has begun in the shared bucket stays there, though room comes in the middle of the period', () => {
  const resets = new Map<string, number>()
  const { budgets, clock } = build({ bucketsMax: 2, resets: (bucket) => resets.get(bucket) })
  const value = (name: string) => purse({ level: 'policy' }, `budget|["${name}"]`)
  for (const name of ['a', 'b', 'c']) expectHold(budgets.hold([value(name)], need(80))).settle(cost(80))
  clock.advance(HOUR_MS)
  for (const name of ['a', 'b']) resets.set(value(name).bucket, clock.now())
  expect(expectShortage(budgets.hold([value('c')], need(80, 80, clock.now()))).reason).toBe('spent')
})

test('a day that a change of the time zone cuts counts as a whole as soon as a call goes on in it', () => {
  let zone = 'UTC'
  const { budgets, clock } = build({ zone: () => zone })
  expectHold(budgets.hold([purse()], need(60))).settle(cost(60))
  // There a day begins at 15:00 UTC, in the middle of the one that has the 60.
  zone = 'Asia/Tokyo'
  clock.advance(16 * HOUR_MS)
  expect(budgets.state(budget(), 'budget').spent).toBe(0n)
  expectHold(budgets.hold([purse()], need(10, 10, clock.now())))
  expect(budgets.state(budget(), 'budget')).toMatchObject({ spent: 60n, held: 10n })
})

test('values of the day before make room for those of today', () => {
  const { budgets, clock } = build({ bucketsMax: 3 })
  const value = (name: string) => purse({ level: 'policy' }, `budget|["${name}"]`)
  for (const name of ['a', 'b', 'c', 'd']) expectHold(budgets.hold([value(name)], need(1))).settle(cost(1))
  clock.advance(DAY_MS)
  expect(expectHold(budgets.hold([value('e')], need(1, 1, clock.now()))).buckets).toEqual(['budget|["e"]'])
  expect(budgets.stats().buckets).toBe(1)
})

test('buckets of removed limits are forgotten once their last call has ended', () => {
  const known = new Map<string, Budget>([['budget', budget()]])
  const { budgets, clock } = build({ find: (id) => known.get(id) })
  const hold = expectHold(budgets.hold([purse()], need(10)))
  known.clear()
  clock.advance(2 * HOUR_MS)
  budgets.hold([], need(0))
  expect(budgets.stats().buckets).toBe(1)
  hold.settle(cost(1))
  clock.advance(2 * HOUR_MS)
  budgets.hold([], need(0))
  expect(budgets.stats().buckets).toBe(0)
})

test('a running call grows by the budget that is in force, whatever older calls ask by', () => {
  const before = budget({ mode: 'tight' })
  const after = budget({ mode: 'tight', amount: 50n })
  let now = before
  const { budgets } = build({ find: () => now })
  expectHold(budgets.hold([purse({ mode: 'tight' })], need(90, 10)))
  now = after
  const hold = expectHold(budgets.hold([{ budget: after, bucket: 'budget' }], need(90, 10)))
  budgets.state(before, 'budget')
  expect(hold.resize(need(90, 60))).toBe(false)
  expect(hold.resize(need(90, 40))).toBe(true)
})

test('a year of days stays small, and its sum right', () => {
  const { budgets, clock } = build()
  const never = { reset: { every: 'never' }, amount: 10n ** 9n } as const
  for (let day = 0; day < 365; day++) {
    expectHold(budgets.hold([purse(never)], need(10, 10, clock.now()))).settle(cost(3))
    clock.advance(DAY_MS)
  }
  expect(budgets.state(budget(never), 'budget')).toMatchObject({ spent: 1_095n, held: 0n, resetsAt: undefined })
})

test('what was used before the start counts, in the period it was used in', () => {
  const { budgets } = build({
    spent: [
      { bucket: 'budget', from: START + 100, last: START + 200, used: cost(30, { tokens: 7, requests: 2 }) },
      { bucket: 'budget', from: START - DAY_MS, last: START - 5, used: cost(500) },
    ],
  })
  expect(budgets.state(budget(), 'budget').spent).toBe(30n)
  expect(budgets.state(budget({ unit: 'tokens' }), 'budget').spent).toBe(7n)
  expect(budgets.state(budget({ reset: { every: 'month' } }), 'budget').spent).toBe(530n)
  expect(expectShortage(budgets.hold([purse()], need(71))).reason).toBe('spent')
})

test('a threshold is told once per period, the whole amount also when a call is refused for it', () => {
  const events: ThresholdEvent[] = []
  const { budgets, clock } = build({ onThreshold: (event) => void events.push(event) })
  const alerting = purse({ alertAt: [50n, 80n] })
  const spend = (nanos: number) =>
    expectHold(budgets.hold([alerting], need(nanos, nanos, clock.now()))).settle(cost(nanos))
  spend(49)
  expect(events).toEqual([])
  spend(2)
  spend(1)
  expect(events.map(({ threshold, state }) => [threshold, state.spent])).toEqual([[50n, 51n]])
  spend(30)
  const shortage = expectShortage(budgets.hold([alerting], need(40)))
  budgets.refused({ ...shortage, reason: 'held' })
  expect(events).toHaveLength(2)
  budgets.refused(shortage)
  budgets.refused(shortage)
  expect(events.slice(1)).toMatchObject([
    { threshold: 80n, refused: false },
    { threshold: 100n, state: { spent: 82n }, refused: true, bucket: 'budget' },
  ])
  clock.advance(DAY_MS)
  spend(60)
  expect(events.slice(3)).toMatchObject([{ threshold: 50n, state: { periodStart: START + DAY_MS } }])
})

test('the end of a period is foretold from what its elapsed part used, past a tenth of it', () => {
  const { budgets, clock } = build()
  const foretell = (over: Partial<Budget> = {}) => forecastSpent(budgets.state(budget(over), 'budget'), clock.now())
  expectHold(budgets.hold([purse()], need(20))).settle(cost(20))
  clock.advance(2 * HOUR_MS)
  expect(foretell()).toBeUndefined()
  clock.advance(4 * HOUR_MS)
  expect(foretell()).toBe(80n)
  expect(foretell({ reset: { every: 'never' } })).toBeUndefined()
})
