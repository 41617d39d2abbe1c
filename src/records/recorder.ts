import type { Drain } from '../ledger/drain.ts'
import type { Journal } from '../ledger/journal.ts'
import { exchangeRow } from './exchange-row.ts'
import type { Recorder } from './record.ts'

export interface RecorderParts {
  readonly journal: Pick<Journal, 'append' | 'stats'>
  /** Of the table `exchanges`. */
  readonly drain: Pick<Drain, 'push'>
  /**
   * The size of the whole journal from which on records no longer go into it. The rest of the disk is for the ledger: a
   * record that is missing is a pity, a call that is missing is wrong.
   */
  readonly journalBytesMax?: number
}

const JOURNAL_BYTES_MAX = 1024 * 1024 * 1024

/**
 * The recorder on the journal: a record that is finished is not lost when the process dies. When the journal cannot take it,
 * it waits in memory for the store; when too many wait there, it is dropped, and the drain counts it.
 */
export function createRecorder({ journal, drain, journalBytesMax = JOURNAL_BYTES_MAX }: RecorderParts): Recorder {
  return {
    record(record) {
      const row = exchangeRow(record)
      const files: number[] = []
      if (journal.stats().bytes < journalBytesMax) {
        try {
          files.push(journal.append('exchange', row))
        } catch {
          // The journal counts its own failures.
        }
      }
      drain.push({ row, files, journalled: files.length > 0, stored: false })
    },
  }
}
