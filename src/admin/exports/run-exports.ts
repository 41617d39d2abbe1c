import type { Timer } from '../../core/clock.ts'
import { findExchanges } from '../../store/find-exchanges.ts'
import { advanceLogExport, findRunningExport, listExportsOf, type LogExport } from '../../store/log-exports.ts'
import { readCursor, writeCursor } from '../logs/cursor.ts'
import { readExchangeFilter, readMaker, readWish } from './export-document.ts'
import type { ExportFolder } from './export-folder.ts'
import { writeHead, writeRows, type RowParts } from './write-rows.ts'

/** The job that writes exports, one at a time and a small page at a time. */
export interface ExportRunner {
  /** Of the folder that it writes into. */
  readonly folder: string
  pathOf(id: string): string
  /** Looks for work: to be called when an export was started. */
  wake(): void
  /**
   * Removes every file that is no running or finished export's, between two pages of the one that is written. Resolves when they are
   * gone; where the gateway stops meanwhile, they go with its next start.
   */
  sweep(): Promise<void>
  /** Resolves when there is nothing left to write. */
  settle(): Promise<void>
  /** Ends with the page that is being written; the next start goes on there. */
  stop(): Promise<void>
}

export interface ExportRunnerParts extends RowParts {
  readonly files: ExportFolder
  /** Of all files together; an export that would pass it fails. */
  readonly bytesMax: number
  report(problem: unknown): void
}

/** How long a file stays after it was finished. */
export const FILE_DAYS_MS = 7 * 86_400_000

const SWEEP_MS = 3_600_000

/** Rows of a page: those with content weigh a thousand times as much. */
const ROWS = 1_000
const ROWS_WITH_CONTENT = 10

/** How long a page is looked for where few records match. */
const LOOK_MS = 200

/** A gateway that was stopped goes on with what it had begun, from the row's cursor. */
export function createExportRunner(parts: ExportRunnerParts): ExportRunner {
  const { clock, files, bytesMax, report } = parts
  const { db } = parts.store
  let running: Promise<void> | undefined
  let isWanted = false
  let due: PromiseWithResolvers<void> | undefined
  let isStopped = false
  let endPause: (() => void) | undefined
  let sweeping: Timer | undefined
  void sweep()
  sweepLater()

  return {
    folder: files.name,
    pathOf: files.pathOf,
    wake,
    sweep,
    async settle() {
      while (running !== undefined) await running
    },
    async stop() {
      isStopped = true
      sweeping?.cancel()
      endPause?.()
      await running
      due?.resolve()
    },
  }

  function wake(): void {
    isWanted = true
    if (isStopped || running !== undefined) return
    running = work().finally(() => {
      running = undefined
      // Somebody may have come between the last look and the end.
      if (isWanted) wake()
    })
  }

  function sweep(): Promise<void> {
    due ??= Promise.withResolvers<void>()
    const { promise } = due
    endPause?.()
    wake()
    return isStopped ? Promise.resolve() : promise
  }

  async function work(): Promise<void> {
    isWanted = false
    try {
      await removeDue()
      for (let next = await findNext(); next !== undefined; next = await findNext()) {
        await write(next)
        await removeDue()
      }
    } catch (problem) {
      // The store itself fails: the export waits for the next hour, or the next start.
      report(problem)
    }
  }

  async function findNext(): Promise<LogExport | undefined> {
    return isStopped ? undefined : await findRunningExport(db, files.name)
  }

  async function write(begun: LogExport): Promise<void> {
    try {
      let current: LogExport | undefined = begun
      const size = (await files.size()) - begun.bytes
      while (current !== undefined && !isStopped && due === undefined) {
        const startedAt = clock.monotonic()
        if (size + current.bytes > bytesMax) return await fail(current, FULL)
        current = await writePage(current)
        // Half of the time is the gateway's.
        await pause(clock.monotonic() - startedAt)
      }
    } catch (problem) {
      report(problem)
      await fail(begun, 'The export could not be written; the log of the gateway says why. It can be started again.')
    }
  }

  /** The next page; undefined when that was the last one, or when somebody has stopped the export. */
  async function writePage(current: LogExport): Promise<LogExport | undefined> {
    const wish = readWish(current)
    const filter = readExchangeFilter(current.filter!)
    const page = {
      limit: wish.holdsContent ? ROWS_WITH_CONTENT : ROWS,
      after: current.cursor === null ? undefined : readCursor(current.cursor),
    }
    const { items, next } = await findExchanges(db, filter, page, { clock, maxMs: LOOK_MS })
    const rows = await writeRows(parts, readMaker(current), wish, items)
    const text = `${current.bytes === 0 ? writeHead(wish) : ''}${rows}`
    // An empty export has a file, too.
    const isWritten = text !== '' || (next === undefined && current.bytes === 0)
    const bytes = isWritten ? await files.append(current.id, current.bytes, text) : current.bytes
    const now = clock.now()
    const progress = {
      rows: current.rows + items.length,
      bytes,
      cursor: next === undefined ? current.cursor : writeCursor(next),
      updatedAt: now,
      ...(next === undefined && { status: 'success' as const, finishedAt: now }),
    }
    const isOurs = await advanceLogExport(db, current, progress)
    return isOurs && next !== undefined ? { ...current, ...progress } : undefined
  }

  async function fail(current: LogExport, error: string): Promise<void> {
    const now = clock.now()
    await advanceLogExport(db, current, { status: 'failed', error, updatedAt: now, finishedAt: now })
  }

  async function pause(ms: number): Promise<void> {
    if (ms <= 0 || isStopped || due !== undefined) return
    await new Promise<void>((resolve) => {
      const timer = clock.after(ms, resolve)
      endPause = () => {
        timer.cancel()
        resolve()
      }
    })
    endPause = undefined
  }

  function sweepLater(): void {
    sweeping = clock.after(SWEEP_MS, () => {
      void sweep()
      sweepLater()
    })
  }

  /** Whoever waits for it hears when it fails. */
  async function removeDue(): Promise<void> {
    if (due === undefined || isStopped) return
    const { promise, resolve, reject } = due
    due = undefined
    await removeOld().then(resolve, reject)
    await promise
  }

  /** Files go when their time is over, or when nothing speaks of them. No export is being written meanwhile. */
  async function removeOld(): Promise<void> {
    const before = clock.now() - FILE_DAYS_MS
    const kept = (await listExportsOf(db, files.name)).filter(
      ({ status, finishedAt }) => status === 'in_progress' || (status === 'success' && (finishedAt ?? 0) > before),
    )
    await files.keepOnly(new Set(kept.map(({ id }) => id)))
  }
}

const FULL =
  'The files of exports take all the room that the gateway has for them (PORTCULLIS_EXPORT_BYTES_MAX). They are removed after seven days.'
