import type { Clock } from '../core/clock.ts'
import { ALL_OTHERS, bucketOf, limitOf } from './bucket.ts'
import type { BucketState, Budgets, Hold, Need, Room, Shortage } from './budgets.ts'
import type { Amounts, Bucket, Budget, BudgetUnit, Purse, RateLimit } from './limit.ts'
import { createPeriods, type Period } from './periods.ts'
import {
  accountFor,
  beginAnew,
  cellAt,
  charge,
  createTally,
  difference,
  forgetPast,
  isForgotten,
  sumsOf,
  type Account,
  type Cell,
  type Sums,
  type Tally,
} from './tally.ts'
import { tellThresholds, type ThresholdEvent } from './thresholds.ts'

export interface BudgetsParts {
  readonly clock: Clock
  /** The organisation's time zone, an IANA name. */
  readonly zone: () => string
  /** When a bucket was last reset by hand, in milliseconds since the epoch. */
  readonly resets?: (bucket: Bucket) => number | undefined
  /** What was used before this process started. */
  readonly spent?: Iterable<SpentEntry>
  /** Tells which limits there still are; without it none is taken for removed. */
  readonly find?: (limitId: string) => Budget | RateLimit | undefined
  /** Hears of each threshold once per bucket and period, from within `settle` and `refused`; must not throw. */
  readonly onThreshold?: (event: ThresholdEvent) => void
  /** How many buckets one limit may have at a time; further ones share a single bucket. */
  readonly bucketsMax?: number
}

/** What calls of one day used of one bucket. */
export interface SpentEntry {
  readonly bucket: Bucket
  /** When the first and the last of them began, in milliseconds since the epoch. */
  readonly from: number
  readonly last: number
  readonly used: Amounts
}

export interface CountedBudgets extends Budgets {
  stats(): BudgetStats
}

export interface BudgetStats {
  /** Buckets in memory. */
  readonly buckets: number
  readonly runningHolds: number
  /** Holds that went to the shared bucket of a limit with too many. */
  readonly overflowed: number
}

const BUCKETS_MAX = 10_000

/** A limit with more buckets forgets their days an hour after they count no more, and not only after a month. */
const LARGE_BOOK = 1_000

const HOUR_MS = 60 * 60 * 1_000

/** Budgets in the memory of one process. Everything is synchronous: between looking and holding nobody else runs. */
export function createBudgets(parts: BudgetsParts): CountedBudgets {
  const { clock, resets, find, onThreshold, bucketsMax = BUCKETS_MAX } = parts
  const periods = createPeriods(parts.zone)
  const books = new Map<string, Book>()
  let runningHolds = 0
  let overflowed = 0
  let sweepsAt = clock.monotonic() + HOUR_MS
  restore(parts.spent ?? [])

  return {
    hold,
    refused({ purse, reason }) {
      if (reason === 'spent') tell(lookUp(purse, clock.now()), true)
    },
    room,
    state: (budget, bucket) => stateOf(lookUp({ budget, bucket }, clock.now())),
    buckets: bucketsInUse,
    stats: () => ({
      buckets: [...books.values()].reduce((total, { tallies }) => total + tallies.size, 0),
      runningHolds,
      overflowed,
    }),
  }

  function hold(purses: readonly Purse[], need: Need): Hold | Shortage {
    if (clock.monotonic() >= sweepsAt) sweep()
    const bound = sumsOf(need.bound)
    const expected = sumsOf(need.expected)
    const places = purses.map((purse) => placeOf(purse, need.at))
    let held: Place | undefined
    for (const place of places) {
      const reason = refusal(place, place.purse.budget.mode === 'strict' ? bound : expected)
      if (reason === 'spent') return shortageOf(place, reason)
      if (reason === 'held') held ??= place
    }
    if (held !== undefined) return shortageOf(held, 'held')
    return setAside(places, bound, expected, need.at)
  }

  /** All levels at once. Whatever ends the hold finds the cells that it is in, also when their day is long over. */
  function setAside(places: readonly Place[], bound: Sums, expected: Sums, at: number): Hold {
    const parts = places.map(({ purse, tally }) => {
      const cell = cellAt(tally, Math.max(at, tally.since), periods.day(Math.max(at, tally.since)))
      const { mode } = purse.budget
      const part: HeldPart = { tally, cell, mode, sums: mode === 'strict' ? bound : expected }
      cell.holds++
      charge(tally, cell, 'held', part.sums)
      return part
    })
    runningHolds++
    let isOver = false

    return {
      kind: 'hold',
      buckets: parts.map(({ tally }) => tally.bucket),
      settle(used) {
        if (!end()) return
        const sums = sumsOf(used)
        for (const { tally, cell } of parts) charge(tally, cell, 'spent', sums)
        for (const { tally } of parts) tellSpent(tally)
      },
      release: () => void end(),
      resize(need) {
        if (isOver) return false
        const wanted = { strict: sumsOf(need.bound), tight: sumsOf(need.expected) }
        if (parts.some((part) => !mayGrow(part, wanted[part.mode]))) return false
        for (const part of parts) {
          charge(part.tally, part.cell, 'held', difference(part.sums, wanted[part.mode]))
          part.sums = wanted[part.mode]
        }
        return true
      },
      get isOver() {
        return isOver
      },
    }

    /** False when it has ended before: a hold ends once, and later words are ignored. */
    function end(): boolean {
      if (isOver) return false
      isOver = true
      runningHolds--
      for (const { tally, cell, sums } of parts) {
        cell.holds--
        charge(tally, cell, 'held', negative(sums))
      }
      return true
    }

    function mayGrow({ tally, sums }: HeldPart, wanted: Sums): boolean {
      const budget = budgetOf(tally)
      if (budget === undefined || !budget.hard || wanted[budget.unit] <= sums[budget.unit]) return true
      const { account } = lookUp({ budget, bucket: tally.bucket }, at)
      return fits(account, budget, wanted[budget.unit] - sums[budget.unit])
    }
  }

  function room(purses: readonly Purse[], mode: Budget['mode']): Room {
    const least: Partial<Record<BudgetUnit, bigint>> = {}
    for (const purse of purses) {
      const { budget } = purse
      if (!budget.hard || budget.mode !== mode) continue
      const { spent, held } = stateOf(lookUp(purse, clock.now()))
      const left = budget.amount - spent - held
      const others = least[budget.unit]
      if (others === undefined || left < others) least[budget.unit] = left > 0n ? left : 0n
    }
    return { costNanos: least.cost, tokens: least.tokens }
  }

  function bucketsInUse(limitId: string): readonly Bucket[] {
    const inUse: Bucket[] = []
    for (const tally of books.get(limitId)?.tallies.values() ?? []) {
      const budget = budgetOf(tally)
      if (budget === undefined) continue
      const { account } = lookUp({ budget, bucket: tally.bucket }, clock.now())
      if (isUsed(account)) inUse.push(tally.bucket)
    }
    return inUse
  }

  /** The tally of a purse, made when there is none, and what its period comes to. */
  function placeOf(purse: Purse, at: number): Place {
    const { budget } = purse
    const book = bookOf(budget.id)
    const known = book.tallies.get(purse.bucket)
    const tally = known ?? tallyOf(book, makeRoom(book, purse, at) ? purse.bucket : bucketOf(budget.id, ALL_OTHERS))
    if (tally.bucket !== purse.bucket) overflowed++
    tally.budget = budget
    return look(purse, tally, at)
  }

  function bookOf(limitId: string): Book {
    let book = books.get(limitId)
    if (book === undefined) books.set(limitId, (book = { tallies: new Map(), fullUntil: -Infinity }))
    return book
  }

  function tallyOf({ tallies }: Book, bucket: Bucket): Tally {
    let tally = tallies.get(bucket)
    if (tally === undefined) tallies.set(bucket, (tally = createTally(bucket)))
    return tally
  }

  /** The same without making one: what nobody has used yet stands at nothing. */
  function lookUp(purse: Purse, at: number): Place {
    const { budget, bucket } = purse
    const known = books.get(budget.id)?.tallies.get(bucket)
    if (known !== undefined) known.budget = budget
    return look(purse, known ?? createTally(bucket), at)
  }

  function look(purse: Purse, tally: Tally, at: number): Place {
    beginAnew(tally, sinceOf(purse.budget, tally.bucket))
    const period = periods.of(purse.budget, tally.since, at)
    return { purse, tally, period, account: accountFor(tally, period) }
  }

  function sinceOf(budget: Budget, bucket: Bucket): number {
    const reset = resets?.(bucket)
    return reset === undefined ? budget.since : Math.max(budget.since, reset)
  }

  /** False when as many buckets are in use as a limit may have. */
  function makeRoom(book: Book, { budget, bucket }: Purse, at: number): boolean {
    if (bucket === budget.id || book.tallies.size < bucketsMax) return true
    if (at < book.fullUntil) return false
    const { end } = periods.of(budget, budget.since, at)
    sweepBook(budget.id, book, 0)
    const isFull = book.tallies.size >= bucketsMax
    // Until its period ends: a value that has begun in the shared bucket must not begin again in one of its own.
    if (isFull) book.fullUntil = end
    return !isFull
  }

  function tellSpent(tally: Tally): void {
    if (onThreshold === undefined) return
    const budget = budgetOf(tally)
    if (budget !== undefined) tell(lookUp({ budget, bucket: tally.bucket }, clock.now()), false)
  }

  function tell(place: Place, isRefusal: boolean): void {
    if (onThreshold !== undefined) {
      tellThresholds(place.tally, place.purse.budget, stateOf(place), isRefusal, onThreshold)
    }
  }

  /** Once in an hour, so that memory holds what is asked for and no more. */
  function sweep(): void {
    sweepsAt = clock.monotonic() + HOUR_MS
    for (const [limitId, book] of books) {
      sweepBook(limitId, book, book.tallies.size > LARGE_BOOK ? HOUR_MS : undefined)
      if (book.tallies.size === 0) books.delete(limitId)
    }
  }

  function sweepBook(limitId: string, book: Book, keepMs?: number): void {
    const isRemoved = find !== undefined && find(limitId) === undefined
    for (const [bucket, tally] of book.tallies) {
      const budget = budgetOf(tally)
      if (budget !== undefined) {
        const { period } = lookUp({ budget, bucket }, clock.now())
        forgetPast(tally, period, clock.now(), keepMs)
      }
      const isRunning = tally.cells.some(({ holds }) => holds > 0)
      if (!isRunning && (isRemoved || isForgotten(tally))) book.tallies.delete(bucket)
    }
  }

  /** As it is in force: a call that has begun before a change still asks by what it was then. */
  function budgetOf({ bucket, budget }: Tally): Budget | undefined {
    const found = find?.(limitOf(bucket))
    return found?.kind === 'budget' ? found : budget
  }

  function restore(entries: Iterable<SpentEntry>): void {
    for (const { bucket, from, last, used } of [...entries].sort((a, b) => a.from - b.from)) {
      const tally = tallyOf(bookOf(limitOf(bucket)), bucket)
      const cell = cellAt(tally, from, { start: from, end: periods.day(from).end })
      cell.last = Math.max(cell.last, last)
      charge(tally, cell, 'spent', sumsOf(used))
    }
  }
}

/** One limit's buckets. */
interface Book {
  readonly tallies: Map<Bucket, Tally>
  /** Milliseconds since the epoch; until then new values go to the shared bucket without looking for room. */
  fullUntil: number
}

interface Place {
  readonly purse: Purse
  readonly tally: Tally
  readonly period: Period
  readonly account: Account
}

interface HeldPart {
  readonly tally: Tally
  readonly cell: Cell
  /** As it was when the hold was placed. */
  readonly mode: Budget['mode']
  sums: Sums
}

function shortageOf(place: Place, reason: Shortage['reason']): Shortage {
  return { kind: 'shortage', purse: place.purse, state: stateOf(place), reason }
}

function refusal({ purse: { budget }, account }: Place, wanted: Sums): Shortage['reason'] | undefined {
  if (!budget.hard) return undefined
  const asked = wanted[budget.unit]
  if (fits(account, budget, asked)) return undefined
  return budget.amount <= 0n || account.spent[budget.unit] + asked > budget.amount ? 'spent' : 'held'
}

/** Nothing passes a budget of nothing, not even what costs nothing. */
function fits(account: Account, { unit, amount }: Budget, asked: bigint): boolean {
  return amount > 0n && account.spent[unit] + account.held[unit] + asked <= amount
}

function stateOf({ purse: { budget }, period, account }: Place): BucketState {
  return {
    spent: account.spent[budget.unit],
    held: account.held[budget.unit],
    periodStart: period.start,
    resetsAt: Number.isFinite(period.end) ? period.end : undefined,
  }
}

function isUsed({ spent, held }: Account): boolean {
  return [spent, held].some(({ cost, tokens, requests }) => cost !== 0n || tokens !== 0n || requests !== 0n)
}

function negative({ cost, tokens, requests }: Sums): Sums {
  return { cost: -cost, tokens: -tokens, requests: -requests }
}
