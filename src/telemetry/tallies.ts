import { addUsage } from '../core/read-usage.ts'
import { NO_USAGE, type TokenUsage } from '../core/usage.ts'
import type { CountedExchange } from './counted-exchange.ts'

/** Exchanges of one kind, added up: they differ in nothing that is a label. */
export interface Tally {
  /** One of them, for its labels. */
  readonly like: CountedExchange
  /** Kind of its provider. */
  readonly kind: string
  exchanges: number
  usage: TokenUsage
  costNanos: bigint
  // Milliseconds, one for each that has it.
  readonly totalMs: number[]
  readonly overheadMs: number[]
  readonly firstTokenMs: number[]
}

/** Exchanges that may wait; a page of metrics that nobody asks for must not grow. */
const EXCHANGES_MAX = 1_000

/**
 * Adds up exchanges until somebody wants their numbers. Looking up a dozen series for each exchange costs as much as writing it down does, and
 * most are of a few kinds.
 */
export function createTallies(count: (tally: Tally) => void) {
  const waiting = new Map<string, Tally>()
  let exchanges = 0

  function flush(): void {
    for (const tally of waiting.values()) count(tally)
    waiting.clear()
    exchanges = 0
  }

  return {
    add(record: CountedExchange, kind: string): void {
      // A longer way has labels of its own.
      if (record.route.length > 0) {
        count(added(emptyTally(record, kind), record))
        return
      }
      const key = labelsOf(record, kind)
      let tally = waiting.get(key)
      if (tally === undefined) waiting.set(key, (tally = emptyTally(record, kind)))
      added(tally, record)
      exchanges += 1
      if (exchanges >= EXCHANGES_MAX) flush()
    },
    /** Has everything counted that was added. */
    flush,
  }
}

function labelsOf(record: CountedExchange, kind: string): string {
  const { endpoint, status, streaming, cacheStatus, providerSlug, modelServed, attempts } = record
  const { outcome, interruptedBy, errorCode } = record
  return `${kind} ${providerSlug} ${modelServed}\n${endpoint} ${status} ${streaming} ${cacheStatus} ${attempts > 0} ${outcome} ${interruptedBy} ${errorCode}`
}

function emptyTally(like: CountedExchange, kind: string): Tally {
  return { like, kind, exchanges: 0, usage: NO_USAGE, costNanos: 0n, totalMs: [], overheadMs: [], firstTokenMs: [] }
}

function added(tally: Tally, { usage, costNanos, totalMs, overheadMs, firstTokenMs }: CountedExchange): Tally {
  tally.exchanges += 1
  tally.usage = addUsage(tally.usage, usage)
  tally.costNanos += costNanos
  tally.totalMs.push(totalMs)
  if (overheadMs !== undefined) tally.overheadMs.push(overheadMs)
  if (firstTokenMs !== undefined) tally.firstTokenMs.push(firstTokenMs)
  return tally
}
