import type { Amounts, Bucket, Budget, BudgetUnit } from './limit.ts'
import type { Period } from './periods.ts'

/** Amounts in every unit a budget may have; all are kept, so that a budget's unit can change. */
export type Sums = Record<BudgetUnit, bigint>

/** What calls of one stretch of time have used and hold. A call stays with the cell it began in, whenever it ends. */
export interface Cell {
  /** Milliseconds since the epoch; calls from `from` until `until` belong here. */
  readonly from: number
  until: number
  /** When the newest of its calls began. */
  last: number
  readonly spent: Sums
  readonly held: Sums
  /** How many holds have not ended. */
  holds: number
}

/** What has been used of one bucket, day by day, as far back as its budget may ask. */
export interface Tally {
  readonly bucket: Bucket
  /** As it was when it was last charged; its buckets are judged by it when it has gone. */
  budget: Budget | undefined
  /** Counting begins here, as it was known last. */
  since: number
  /** Rising, without overlap. */
  cells: Cell[]
  /** Sums over one period, worked out last. */
  account: Account | undefined
  /** Thresholds that somebody was told of, in the period that begins at `toldFor`. */
  readonly told: Set<bigint>
  toldFor: number
}

/** What a period comes to. Kept up with its cells. */
export interface Account {
  readonly period: Period
  readonly spent: Sums
  readonly held: Sums
}

export function createTally(bucket: Bucket): Tally {
  return {
    bucket,
    budget: undefined,
    since: -Infinity,
    cells: [],
    account: undefined,
    told: new Set(),
    toldFor: -Infinity,
  }
}

/** The cell for a call that begins at a moment within `day`; made when it is the first. */
export function cellAt(tally: Tally, moment: number, day: Period): Cell {
  const newest = tally.cells.at(-1)
  if (newest !== undefined && moment >= newest.from && moment < newest.until) {
    return begin(tally, newest, moment)
  }
  const after = tally.cells.findIndex((cell) => cell.until > moment)
  const next = after === -1 ? undefined : tally.cells[after]
  if (next !== undefined && moment >= next.from) {
    return begin(tally, next, moment)
  }
  const previous = after === -1 ? newest : tally.cells[after - 1]
  const since = tally.since <= moment ? tally.since : -Infinity
  const cell: Cell = {
    from: Math.max(day.start, since, previous?.until ?? -Infinity),
    until: Math.min(day.end, next?.from ?? Infinity),
    last: moment,
    spent: noSums(),
    held: noSums(),
    holds: 0,
  }
  tally.cells.splice(after === -1 ? tally.cells.length : after, 0, cell)
  tally.account = undefined
  return cell
}

function begin(tally: Tally, cell: Cell, moment: number): Cell {
  if (moment <= cell.last) return cell
  // A cell that now reaches into the period counts as a whole from here on: see `belongs`.
  if (tally.account !== undefined && cell.last < tally.account.period.start) tally.account = undefined
  cell.last = moment
  return cell
}

/** Cuts what was used before `since` from what comes after. Counting never begins earlier again. */
export function beginAnew(tally: Tally, since: number): void {
  if (since <= tally.since) return
  tally.since = since
  tally.account = undefined
  for (const cell of tally.cells) if (cell.from < since && cell.until > since) cell.until = since
}

/** What a period comes to. */
export function accountFor(tally: Tally, period: Period): Account {
  const { account } = tally
  if (account !== undefined && account.period.start === period.start && account.period.end === period.end)
    return account
  const fresh: Account = { period, spent: noSums(), held: noSums() }
  for (const cell of tally.cells) {
    if (!belongs(tally, cell, period)) continue
    addTo(fresh.spent, cell.spent)
    addTo(fresh.held, cell.held)
  }
  tally.account = fresh
  return fresh
}

/**
 * A cell that reaches into the period counts as a whole: after a change of the time zone, whose days begin elsewhere, that is rather too
 * much than too little.
 */
function belongs(tally: Tally, cell: Cell, { start, end }: Period): boolean {
  return cell.from >= tally.since && cell.last >= start && cell.from < end
}

/** Adds to a cell, and to the sums that are kept of it. */
export function charge(tally: Tally, cell: Cell, side: 'spent' | 'held', sums: Sums): void {
  addTo(cell[side], sums)
  const { account } = tally
  if (account !== undefined && belongs(tally, cell, account.period)) addTo(account[side], sums)
}

/** How old a day may become before it is put together with older ones, or forgotten: a month, whatever the budget's period becomes. */
const DAYS_APART_MS = 35 * 24 * 60 * 60 * 1_000

/** Forgets cells that nobody can ask for any more, and puts old ones together. */
export function forgetPast(tally: Tally, period: Period, now: number, keepMs: number = DAYS_APART_MS): void {
  const kept: Cell[] = []
  for (const cell of tally.cells) {
    const isOld = cell.last < now - keepMs && cell.holds === 0
    const previous = kept.at(-1)
    if (isOld && !belongs(tally, cell, { start: period.start, end: Infinity })) continue
    if (isOld && previous !== undefined && previous.holds === 0 && previous.last < now - keepMs) {
      addTo(previous.spent, cell.spent)
      previous.until = cell.until
      previous.last = cell.last
    } else {
      kept.push(cell)
    }
  }
  tally.cells = kept
  tally.account = undefined
  beginTelling(tally, period.start)
}

/** Forgets what was told in an earlier period. False where the period is earlier itself: a clock was set back, and all has been told. */
export function beginTelling(tally: Tally, periodStart: number): boolean {
  if (periodStart > tally.toldFor) {
    tally.told.clear()
    tally.toldFor = periodStart
  }
  return periodStart === tally.toldFor
}

/** Whether nothing would be missed without it. */
export function isForgotten({ cells, told }: Tally): boolean {
  return cells.length === 0 && told.size === 0
}

export function noSums(): Sums {
  return { cost: 0n, tokens: 0n, requests: 0n }
}

export function sumsOf({ costNanos, tokens, requests }: Amounts): Sums {
  return { cost: costNanos, tokens: BigInt(tokens), requests: BigInt(requests) }
}

/** What must be added to come from one to the other. */
export function difference(from: Sums, to: Sums): Sums {
  return { cost: to.cost - from.cost, tokens: to.tokens - from.tokens, requests: to.requests - from.requests }
}

export function addTo(total: Sums, sums: Sums): void {
  total.cost += sums.cost
  total.tokens += sums.tokens
  total.requests += sums.requests
}
