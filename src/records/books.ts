import { createDrain, type DrainStats, type Sink } from '../ledger/drain.ts'
import { createJournalLedger, type LedgerStats } from '../ledger/journal-ledger.ts'
import { openJournal, type JournalOptions, type JournalStats } from '../ledger/journal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { recover, type Recovery } from '../ledger/recover.ts'
import { crashedExchangeRow } from './crashed-exchange-row.ts'
import type { Recorder } from './record.ts'
import { createRecorder } from './recorder.ts'

/** Both accounts of what happened, calls and exchanges, over one journal and one store. */
export interface Books {
  readonly ledger: Ledger
  readonly recorder: Recorder
  /** What the last process left; all zero after a clean end. */
  readonly recovery: Recovery
  /** Resolves when all that was written so far can be read from the store; rejects when the store refuses it. */
  flush(): Promise<void>
  stats(): BooksStats
  /** To be called when no exchange runs any more. What the store does not take stays in the journal for the next start. */
  close(): Promise<void>
}

export interface BooksStats {
  readonly ledger: LedgerStats
  readonly calls: DrainStats
  readonly exchanges: DrainStats
  readonly journal: JournalStats
}

/** The journal's folder, clock and log, and the store behind it. Nobody else may use the folder at the same time. */
export interface BooksParts extends JournalOptions {
  readonly sink: Sink
}

/** Opens the books and brings what the last process left to the store. Throws when the journal cannot be written. */
export async function openBooks(parts: BooksParts): Promise<Books> {
  const { sink, clock, log } = parts
  const journal = openJournal(parts)
  const calls = createDrain({ table: 'ledger_calls', sink, journal, clock, log })
  const exchanges = createDrain({ table: 'exchanges', sink, journal, clock, log })
  const ledger = createJournalLedger({ journal, drain: calls, clock, log })
  const recorder = createRecorder({ journal, drain: exchanges })
  const recovery = await recover({ journal, calls, exchanges, crashRecord: crashedExchangeRow, log })

  return {
    ledger,
    recorder,
    recovery,
    flush,
    stats: () => ({
      ledger: ledger.stats(),
      calls: calls.stats(),
      exchanges: exchanges.stats(),
      journal: journal.stats(),
    }),
    async close() {
      try {
        await flush()
      } catch (error) {
        log.error({ err: error }, 'the store does not take the last rows; the next start brings them from the journal')
      }
      ledger.stop()
      await Promise.all([calls.stop(), exchanges.stop()])
      await journal.close()
    },
  }

  async function flush(): Promise<void> {
    await Promise.all([calls.flush(), exchanges.flush()])
  }
}
