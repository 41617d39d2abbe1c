import type { Clock, Timer } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import type { Drain, Entry } from './drain.ts'
import type { Journal, Log } from './journal.ts'
import { crashedCallRow, ledgerCallRow } from './ledger-call-row.ts'
import type { CallOpening, Ledger } from './ledger.ts'

export interface JournalLedger extends Ledger {
  stats(): LedgerStats
  /** Stops trying to write closings that came late; `drain` still has them. */
  stop(): void
}

export interface LedgerStats {
  /** Calls that have begun and not ended. */
  readonly openCalls: number
  /** Ends that are kept in memory because the journal could not take them. */
  readonly lateClosings: number
}

export interface JournalLedgerParts {
  readonly journal: Pick<Journal, 'append' | 'release'>
  /** Of the table `ledger_calls`. */
  readonly drain: Pick<Drain, 'push' | 'pushAlways'>
  readonly clock: Clock
  readonly log: Log
}

const RETRY_MS = 250

/**
 * A call that stays open while this many files fill up is entered again in the newest one, so that a stream of an hour does
 * not keep an hour of journal.
 */
const FILES_BEHIND_MAX = 4

/** The ledger on the journal: `recover` (recover.ts) is its other half, at the next start. */
export function createJournalLedger({ journal, drain, clock, log }: JournalLedgerParts): JournalLedger {
  const openCalls = new Map<string, OpenCall>()
  let lateClosings: Entry[] = []
  let timer: Timer | undefined
  let newestFile = 0

  return {
    open(call) {
      if (openCalls.has(call.id)) throw new Error(`Call ${call.id} is open already.`)
      openCalls.set(call.id, { call, file: enter(call) })
    },
    close(id, closing) {
      const open = openCalls.get(id)
      if (open === undefined) {
        log.error({ call: id }, 'a call was closed that is not open; ignored')
        return
      }
      openCalls.delete(id)
      const entry: Entry = {
        row: ledgerCallRow(open.call, closing),
        files: [open.file],
        journalled: false,
        stored: false,
      }
      if (writeEnd(entry)) {
        drain.push(entry)
      } else {
        lateClosings.push(entry)
        drain.pushAlways(entry)
        retryLater()
      }
    },
    stats: () => ({ openCalls: openCalls.size, lateClosings: lateClosings.length }),
    stop: () => timer?.cancel(),
  }

  function enter(call: CallOpening): number {
    let file
    try {
      file = journal.append('open', crashedCallRow(call))
    } catch (cause) {
      throw new GatewayError(
        'gateway.ledger_unavailable',
        'The gateway cannot write its usage ledger at the moment, so it makes no calls that would go uncounted. ' +
          'Ask whoever runs the gateway to look at its disk, then try again.',
        { cause, detail: `journal: ${cause instanceof Error ? cause.message : String(cause)}`, retryAfterSeconds: 10 },
      )
    }
    if (file > newestFile) {
      newestFile = file
      carryForward()
    }
    return file
  }

  function carryForward(): void {
    for (const open of openCalls.values()) {
      if (open.file >= newestFile - FILES_BEHIND_MAX) continue
      try {
        const file = journal.append('open', crashedCallRow(open.call))
        journal.release(open.file)
        open.file = file
      } catch (error) {
        log.warn({ err: error }, 'cannot carry open calls to the newest journal file; older files stay')
        return
      }
    }
  }

  /** False when the journal could not take it. */
  function writeEnd(entry: Entry): boolean {
    try {
      entry.files.push(journal.append('close', entry.row))
    } catch {
      return false
    }
    entry.journalled = true
    return true
  }

  function retryLater(): void {
    timer ??= clock.after(RETRY_MS, () => {
      timer = undefined
      lateClosings = lateClosings.filter((entry) => !entry.stored && !writeEnd(entry))
      if (lateClosings.length > 0) retryLater()
    })
  }
}

interface OpenCall {
  readonly call: CallOpening
  /** The journal file that holds its opening. */
  file: number
}
