import type { Clock, Timer } from '../core/clock.ts'
import type { Journal, Log } from './journal.ts'
import type { Line, Row } from './journal-line.ts'

/** Where rows go in the end. Writing a row a second time must change nothing. */
export interface Sink {
  insertMany(table: SinkTable, rows: readonly object[]): Promise<void>
}

export type SinkTable = 'ledger_calls' | 'exchanges'

/** A row on its way to the store. */
export interface Entry {
  readonly row: Row
  /** Journal files that are kept for this row; released when the store has it. */
  readonly files: number[]
  /** Whether the journal holds this very row, so that memory may let go of it when too many wait. */
  journalled: boolean
  stored: boolean
}

/** Carries rows into one table in batches, in the background, until they are there. */
export interface Drain {
  /** False when the row had to be dropped: too many wait, and the journal does not have it. */
  push(entry: Entry): boolean
  /** Like `push`, but never drops. */
  pushAlways(entry: Entry): void
  /**
   * Resolves when everything pushed so far is in the store; tries at once, also in the middle of a pause after a failure.
   * Rejects with the store's error when it refuses a row even alone; the row is kept and tried again.
   */
  flush(): Promise<void>
  stats(): DrainStats
  /** Writes no more batches; one that is under way is awaited. */
  stop(): Promise<void>
}

export interface DrainStats {
  /** Rows that wait in memory. */
  readonly pending: number
  /** Rows that wait in the journal only, to be read back. */
  readonly leftInJournal: number
  readonly written: number
  readonly dropped: number
  /** Rows that the store refused though it took others; they lie in the journal's folder, in `refused.jsonl`. */
  readonly refused: number
  /** Of the last try, while it is the last word. */
  readonly lastError: string | undefined
}

export interface DrainParts {
  readonly table: SinkTable
  readonly sink: Sink
  readonly journal: Pick<Journal, 'read' | 'retain' | 'release' | 'setAside'>
  readonly clock: Clock
  readonly log: Log
  /** Rows that may wait in memory. */
  readonly pendingMax?: number
}

/**
 * Long enough to gather a batch worth a commit: rows cost a third less in batches of hundreds than of tens. Nothing waits for it, because
 * the journal has the rows already and whoever reads records flushes first.
 */
const BATCH_AFTER_MS = 100
const BATCH_ROWS_MAX = 500
const PENDING_MAX = 20_000
const RETRY_FIRST_MS = 100
const RETRY_LAST_MS = 5_000
/** How often the store must refuse a row alone, and take another one in between, before the row is set aside. */
const REFUSALS_MAX = 3

const LINE_OF: Readonly<Record<SinkTable, Line['kind']>> = { ledger_calls: 'close', exchanges: 'exchange' }

export function createDrain(parts: DrainParts): Drain {
  const { table, sink, journal, clock, log, pendingMax = PENDING_MAX } = parts
  const queue: Entry[] = []
  /** Per journal file with rows that memory let go of: the files to release when it has been read back. */
  const leftBehind = new Map<number, number[]>()
  let readingBack: ReadingBack | undefined
  let batchRows = BATCH_ROWS_MAX
  let retryMs = RETRY_FIRST_MS
  const refusals = new Map<Entry, { count: number; writtenThen: number }>()
  let written = 0
  let dropped = 0
  let refused = 0
  let lastError: unknown
  let timer: Timer | undefined
  let writing: Promise<void> | undefined
  let waiters: Waiter[] = []
  let stopped = false

  return {
    push(entry) {
      if (queue.length < pendingMax) {
        enqueue(entry)
        return true
      }
      if (entry.journalled) leaveInJournal(entry)
      else drop()
      return entry.journalled
    },
    pushAlways: enqueue,
    flush() {
      if (isEmpty()) return Promise.resolve()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const rowsAhead = leftBehind.size > 0 || readingBack !== undefined ? Infinity : queue.length
      waiters.push({ rowsAhead, resolve, reject })
      writeNow()
      return promise
    },
    stats: () => ({
      pending: queue.length,
      leftInJournal: [...leftBehind.values()].reduce((sum, releases) => sum + releases.length, 0),
      written,
      dropped,
      refused,
      lastError: lastError === undefined ? undefined : messageOf(lastError),
    }),
    async stop() {
      stopped = true
      timer?.cancel()
      await writing
    },
  }

  function enqueue(entry: Entry): void {
    queue.push(entry)
    if (queue.length >= BATCH_ROWS_MAX && lastError === undefined) writeNow()
    else writeAfter(BATCH_AFTER_MS)
  }

  /** Told once, not for every row: the count is in `stats`. */
  function drop(): void {
    if (dropped === 0) log.error({ table }, 'neither the store nor the journal takes rows; some are lost from now on')
    dropped++
  }

  /** The row's own line is the last one that was written about it. */
  function leaveInJournal(entry: Entry): void {
    const file = entry.files.at(-1)!
    const releases = leftBehind.get(file)
    if (releases === undefined) leftBehind.set(file, [...entry.files])
    else releases.push(...entry.files)
  }

  function writeAfter(delayMs: number): void {
    if (timer !== undefined || writing !== undefined || stopped) return
    timer = clock.after(delayMs, writeNow)
  }

  function writeNow(): void {
    timer?.cancel()
    timer = undefined
    if (writing !== undefined || stopped) return
    writing = writeBatch().then((delayMs) => {
      writing = undefined
      if (isEmpty()) resolveWaiters(Infinity)
      else if (delayMs === 0 || waiters.length > 0) writeNow()
      else writeAfter(delayMs)
    })
  }

  /** Tries one batch and says how long to wait before the next. */
  async function writeBatch(): Promise<number> {
    readBack()
    const batch = queue.slice(0, batchRows)
    if (batch.length === 0) return 0
    try {
      await sink.insertMany(
        table,
        batch.map((entry) => entry.row),
      )
    } catch (error) {
      return batch.length > 1 ? narrow() : giveWay(batch[0]!, error)
    }
    queue.splice(0, batch.length)
    for (const entry of batch) settle(entry)
    written += batch.length
    resolveWaiters(batch.length)
    if (lastError !== undefined) log.info({ table }, 'the store takes rows again')
    lastError = undefined
    retryMs = RETRY_FIRST_MS
    batchRows = Math.min(BATCH_ROWS_MAX, batchRows * 2)
    return queue.length >= batchRows || leftBehind.size > 0 || readingBack !== undefined ? 0 : BATCH_AFTER_MS
  }

  /** A batch may have failed for one row's sake: smaller ones find out which, and let the others through. */
  function narrow(): number {
    batchRows = Math.ceil(batchRows / 8)
    return 0
  }

  /** A row that fails alone goes to the end of the queue, and once the store has often enough proved to be well, out of it. */
  function giveWay(entry: Entry, error: unknown): number {
    if (lastError === undefined) log.error({ err: error, table }, 'the store takes no rows; they wait in the journal')
    lastError = error
    queue.shift()
    const earlier = refusals.get(entry)
    const count = earlier === undefined ? 1 : earlier.count + (written > earlier.writtenThen ? 1 : 0)
    if (count >= REFUSALS_MAX) {
      refuse(entry, error)
    } else {
      refusals.set(entry, { count, writtenThen: written })
      queue.push(entry)
    }
    rejectWaiters(error)
    const delayMs = retryMs
    retryMs = Math.min(RETRY_LAST_MS, retryMs * 2)
    return delayMs
  }

  function refuse(entry: Entry, error: unknown): void {
    try {
      journal.setAside(entry.row, messageOf(error))
    } catch (cause) {
      // Nowhere to put it, so it stays where it is.
      log.error({ err: cause, table }, 'cannot set a refused row aside')
      queue.push(entry)
      return
    }
    refused++
    log.error({ err: error, table, id: entry.row.id }, 'the store refuses this row; it was set aside in refused.jsonl')
    settle(entry)
  }

  function settle(entry: Entry): void {
    entry.stored = true
    refusals.delete(entry)
    for (const file of entry.files) journal.release(file)
  }

  /** Fills the queue with rows that memory had to let go of. Rows of the file that are long in the store do no harm there. */
  function readBack(): void {
    while (queue.length < BATCH_ROWS_MAX) {
      readingBack ??= nextToReadBack()
      if (readingBack === undefined) return
      const { file, lines, releases } = readingBack
      const step = lines.next()
      if (step.done === true) {
        for (const one of releases) journal.release(one)
        readingBack = undefined
      } else if (step.value.kind === LINE_OF[table]) {
        journal.retain(file)
        queue.push({ row: step.value.row, files: [file], journalled: true, stored: false })
      }
    }
  }

  function nextToReadBack(): ReadingBack | undefined {
    for (const [file, releases] of leftBehind) {
      leftBehind.delete(file)
      try {
        return { file, lines: journal.read(file)[Symbol.iterator](), releases }
      } catch (error) {
        // The file keeps its reasons, so it is read again at the next start.
        log.error({ err: error, table, file }, 'cannot read rows back from the journal; the next start will try again')
      }
    }
    return undefined
  }

  function isEmpty(): boolean {
    return queue.length === 0 && leftBehind.size === 0 && readingBack === undefined
  }

  /** Rows go in the order in which they came, so whoever waits needs only count. */
  function resolveWaiters(rows: number): void {
    for (const waiter of waiters) waiter.rowsAhead = rows === Infinity ? 0 : waiter.rowsAhead - rows
    for (const waiter of waiters) if (waiter.rowsAhead <= 0) waiter.resolve()
    waiters = waiters.filter((waiter) => waiter.rowsAhead > 0)
  }

  function rejectWaiters(error: unknown): void {
    for (const waiter of waiters) waiter.reject(error)
    waiters = []
  }
}

interface ReadingBack {
  readonly file: number
  readonly lines: Iterator<Line>
  readonly releases: readonly number[]
}

interface Waiter {
  rowsAhead: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
