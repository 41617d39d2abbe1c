import type { Drain } from './drain.ts'
import type { Journal, Log } from './journal.ts'
import type { Row } from './journal-line.ts'
import type { LedgerCallRow } from './ledger-call-row.ts'

export interface RecoverParts {
  readonly journal: Pick<Journal, 'inherited' | 'read' | 'retain' | 'release'>
  readonly calls: Drain
  readonly exchanges: Drain
  /** Makes the record of an exchange that has none, from its calls in the order of their beginning. */
  readonly crashRecord: (calls: readonly [LedgerCallRow, ...LedgerCallRow[]]) => Row
  readonly log: Log
}

export interface Recovery {
  /** Journal files read. */
  readonly files: number
  /** Finished calls and records that were brought to the store, whether it had them already or not. */
  readonly replayed: number
  /** Calls that were open when the process died. */
  readonly interrupted: number
  /** Exchanges whose record had not been written. */
  readonly recordsMade: number
}

/** Rows handed to the store before waiting for it, so that a long journal needs little memory. */
const STEP_ROWS = 500

/**
 * Brings what a killed process left in its journal to the store: its finished rows as they are; its open calls as
 * interrupted by the crash, at the charge they were opened with; and a record for each exchange that had none yet. May be
 * killed and run again any number of times, because the store takes a row once and the files stay until the end.
 *
 * To be called once, before the gateway listens. Does not throw for a store that takes no rows: they stay in the journal,
 * and the drains go on trying.
 */
export async function recover({ journal, calls, exchanges, crashRecord, log }: RecoverParts): Promise<Recovery> {
  const open = new Map<string, { readonly row: LedgerCallRow; readonly file: number }>()
  const recorded = new Set<string>()
  const unrecorded = new Map<string, { readonly rows: [LedgerCallRow, ...LedgerCallRow[]]; readonly file: number }>()
  let replayed = 0
  let diedAt = 0

  for (const { file, writtenAt } of journal.inherited) {
    for (const { kind, row: found } of journal.read(file)) {
      diedAt = Math.max(diedAt, writtenAt)
      const row = kind === 'exchange' ? found : withMoment(found as LedgerCallRow)
      if (kind === 'open') {
        open.set(row.id, { row: row as LedgerCallRow, file })
        continue
      }
      if (kind === 'close') {
        open.delete(row.id)
        noteCall(row as LedgerCallRow, file)
      } else {
        recorded.add(row.id)
        unrecorded.delete(row.id)
      }
      push(kind === 'close' ? calls : exchanges, row, file, true)
      replayed++
      if (replayed % STEP_ROWS === 0) await settle()
    }
  }

  for (const { row, file } of open.values()) {
    const closed = { ...row, closed_at: Math.max(row.opened_at, diedAt) }
    push(calls, closed, file, false)
    noteCall(closed, file)
  }
  // Last, so that a record which the process itself wrote is in the store before and stays as it is.
  await settle()
  for (const { rows, file } of unrecorded.values()) push(exchanges, crashRecord(rows), file, false)
  await settle()
  for (const { file } of journal.inherited) journal.release(file)

  const recovery = { files: journal.inherited.length, replayed, interrupted: open.size, recordsMade: unrecorded.size }
  if (recovery.files > 0) log.info(recovery, 'brought the journal of the last run to the store')
  return recovery

  function noteCall(row: LedgerCallRow, file: number): void {
    if (recorded.has(row.exchange_id)) return
    const others = unrecorded.get(row.exchange_id)
    if (others === undefined) unrecorded.set(row.exchange_id, { rows: [row], file })
    else others.rows.push(row)
  }

  /** Whatever is not in the store yet keeps its file, also when this run is killed too. */
  function push(drain: Drain, row: Row, file: number, journalled: boolean): void {
    journal.retain(file)
    const entry = { row, files: [file], journalled, stored: false }
    if (journalled) drain.push(entry)
    else drain.pushAlways(entry)
  }

  async function settle(): Promise<void> {
    for (const drain of [calls, exchanges]) {
      try {
        await drain.flush()
      } catch (error) {
        log.warn({ err: error }, 'the store does not take all of the last run’s rows yet; they stay in the journal')
      }
    }
  }
}

/** A version before this one did not write down when the exchange was received, which is shortly before its call. */
function withMoment(row: LedgerCallRow | Omit<LedgerCallRow, 'received_at'>): LedgerCallRow {
  return 'received_at' in row ? row : { ...row, received_at: row.opened_at }
}
