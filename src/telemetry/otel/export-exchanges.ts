import type { Clock, Timer } from '../../core/clock.ts'
import type { TracedExchange } from './traced-exchange.ts'

/** How the export goes. Counts are since the start, in exchanges. */
export interface ExportNumbers {
  readonly pending: number
  readonly exported: number
  /** Not told because too many waited. */
  readonly dropped: number
  /** Told to nobody: the collector took them in none of its tries. */
  readonly failed: number
}

export interface ExchangeExport {
  /** A recorder that has everything exported which passes through it. */
  watch<Record extends TracedExchange>(recorder: RecorderOf<Record>): RecorderOf<Record>
  numbers(): ExportNumbers
  /** Sends what waits, for at most `STOP_MS`, and then no more. */
  stop(): Promise<void>
}

/** Whoever takes records of exchanges. */
interface RecorderOf<Record> {
  record(record: Record): void
}

/** Where batches go. */
export interface Exporter {
  /** Resolves when the collector has taken them, rejects when it has not. Ends by itself. */
  send(exchanges: readonly TracedExchange[]): Promise<void>
  /** Lets go of everything, after telling what it still knows. */
  close(): Promise<void>
}

export interface ExchangeExportParts {
  readonly clock: Clock
  readonly exporter: Exporter
  /** Told once when a collector begins to fail, and again after it worked in between. */
  readonly report: (problem: unknown) => void
}

/** What comes while so many wait is dropped: some minutes of a busy gateway. */
const PENDING_MAX = 10_000
/** Small enough that making them never holds up a request for long. */
const BATCH_MAX = 64
/** What comes within this time goes together. */
const DELAY_MS = 1_000
const STOP_MS = 5_000

/** One batch is on its way at a time. On the way of a request nothing is done but to put its record into a list. */
export function createExchangeExport({ clock, exporter, report }: ExchangeExportParts): ExchangeExport {
  let waiting: TracedExchange[] = []
  const counts = { exported: 0, dropped: 0, failed: 0 }
  let timer: Timer | undefined
  let sending: Promise<void> | undefined
  let isFailing = false
  let isStopped = false

  return {
    watch: (recorder) => ({
      record(record) {
        recorder.record(record)
        if (isStopped || waiting.length >= PENDING_MAX) {
          counts.dropped++
          return
        }
        waiting.push(record)
        schedule()
      },
    }),
    numbers: () => ({ pending: waiting.length, ...counts }),
    async stop() {
      isStopped = true
      timer?.cancel()
      const whole = (async () => {
        if (sending === undefined) drain()
        await sending
        await exporter.close()
      })()
      const { promise, resolve } = Promise.withResolvers<void>()
      const patience = clock.after(STOP_MS, resolve)
      await Promise.race([whole.catch(() => undefined), promise])
      patience.cancel()
      counts.dropped += waiting.length
      waiting = []
    },
  }

  function schedule(): void {
    if (sending === undefined) timer ??= clock.after(DELAY_MS, drain)
  }

  function drain(): void {
    timer = undefined
    sending = sendAll().finally(() => {
      sending = undefined
      if (waiting.length > 0 && !isStopped) schedule()
    })
  }

  async function sendAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH_MAX)
      try {
        await exporter.send(batch)
        counts.exported += batch.length
        isFailing = false
      } catch (error) {
        counts.failed += batch.length
        if (!isFailing) report(error)
        isFailing = true
      }
    }
  }
}
