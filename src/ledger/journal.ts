import fs from 'node:fs'
import path from 'node:path'
import type { Clock, Timer } from '../core/clock.ts'
import { decodeLines, encodeLine, REPAIR, type Line, type LineKind, type Row } from './journal-line.ts'

/*
 * The write-ahead journal: what must not be lost is first a line in an append-only file, and only then a row in the store.
 *
 * A line is written synchronously, which takes about three microseconds and puts it into the kernel's memory: from there
 * it survives the death of this process. A sync to the disk follows in the background, so that soon after it survives the
 * death of the machine. Files have numbers, grow to a fixed size, and are removed oldest first, when nothing in them is
 * needed any more. No process ever writes into a file of an earlier one.
 */
export interface Journal {
  /**
   * Keeps one row. Returns the number of the file it lies in, which stays until `release` was called as often as `append`
   * and `retain`. Throws the file system's error when the row could not be kept whole; it will not come back then.
   */
  append(kind: LineKind, row: Row): number
  /** Keeps a file for one more reason. */
  retain(file: number): void
  /** Takes one reason away. */
  release(file: number): void
  /** The lines of one file, in their order. */
  read(file: number): Iterable<Line>
  /** Files left by earlier processes, oldest first. Each stays until it is released once. */
  readonly inherited: readonly InheritedFile[]
  /** Puts a row that the store will never take beside the journal, in `refused.jsonl`, for a person to look at. */
  setAside(row: Row, reason: string): void
  stats(): JournalStats
  /** Syncs and closes. Files that are still needed stay for the next start. */
  close(): Promise<void>
}

export interface InheritedFile {
  readonly file: number
  /** Milliseconds since the epoch, when something was last written to it. */
  readonly writtenAt: number
}

export interface JournalStats {
  readonly files: number
  readonly bytes: number
  /** Lines that could not be written. */
  readonly appendFailures: number
  readonly syncFailures: number
  /** Lines found torn or spoilt while reading. */
  readonly tornLines: number
}

/** What the journal and its readers tell the operator; a pino logger is one. */
export interface Log {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

export interface JournalOptions {
  /** Made when it is missing, readable by this user only. */
  readonly folder: string
  readonly clock: Clock
  readonly log: Log
  /** A file that has grown to this size is followed by a new one. */
  readonly fileBytesMax?: number
  /** Writes `length` bytes and tells how many it could; stands in for the file system in tests. */
  readonly write?: (descriptor: number, bytes: Buffer, length: number) => number
}

/** Milliseconds from the first line that is not on the disk to the sync: half of the 50 ms that the ledger promises. */
const SYNC_AFTER_MS = 25
const FILE_BYTES_MAX = 8 * 1024 * 1024
const FILE_NAME = /^(\d{10})\.log$/

interface JournalFile {
  readonly number: number
  bytes: number
  /** Why it is still here: lines whose rows are not in the store yet, and readers. */
  reasons: number
}

/** Throws when the folder cannot be written: a gateway without its journal must not start. */
export function openJournal(options: JournalOptions): Journal {
  const { folder, clock, log, fileBytesMax = FILE_BYTES_MAX } = options
  const write = options.write ?? ((descriptor, bytes, length) => fs.writeSync(descriptor, bytes, 0, length))

  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  const files = new Map<number, JournalFile>()
  const inherited = findFiles(folder)
  for (const { file, bytes } of inherited) files.set(file, { number: file, bytes, reasons: 1 })

  let current = addFile((inherited.at(-1)?.file ?? 0) + 1)
  let descriptor = fs.openSync(pathOf(current.number), 'ax', 0o600)
  /** The last line of the current file is not whole. */
  let torn = false
  let appendFailures = 0
  let syncFailures = 0
  let tornLines = 0

  /** Files that are full, and not yet synced and closed. */
  const full: number[] = []
  let dirtySince: number | undefined
  let folderDirty = true
  let syncing: Promise<void> | undefined
  let syncTimer: Timer | undefined
  let removals = Promise.resolve()

  return {
    append(kind, row) {
      if (current.bytes >= fileBytesMax) startNextFile()
      if (torn) writeWhole(REPAIR)
      torn = false
      writeWhole(encodeLine(kind, row))
      current.reasons++
      return current.number
    },
    retain(number) {
      const file = files.get(number)
      if (file !== undefined) file.reasons++
    },
    release(number) {
      const file = files.get(number)
      if (file === undefined) return
      file.reasons--
      if (file.reasons === 0 && file !== current) removeOldFiles()
    },
    read: (number) => decodeLines(fs.readFileSync(pathOf(number)), () => void tornLines++),
    inherited,
    setAside(row, reason) {
      const text = JSON.stringify({ reason, row: { ...row, cost_nanos: row.cost_nanos.toString() } })
      fs.appendFileSync(path.join(folder, 'refused.jsonl'), `${text}\n`, { mode: 0o600 })
    },
    stats() {
      let bytes = 0
      for (const file of files.values()) bytes += file.bytes
      return { files: files.size, bytes, appendFailures, syncFailures, tornLines }
    },
    async close() {
      syncTimer?.cancel()
      await syncing
      // A line that came meanwhile has set it again.
      syncTimer?.cancel()
      await sync()
      fs.closeSync(descriptor)
      // Numbers of closed descriptors are used again: a late line must not end up in somebody else’s file.
      descriptor = -1
      if (current.reasons === 0) removeOldFiles(current)
      await removals
    },
  }

  function writeWhole(bytes: Buffer): void {
    let written = 0
    try {
      written = write(descriptor, bytes, bytes.length)
    } catch (error) {
      appendFailures++
      throw error
    } finally {
      current.bytes += written
      if (written > 0) markDirty()
    }
    if (written === bytes.length) return
    torn = true
    appendFailures++
    throw new Error(`The journal took only ${written} of ${bytes.length} bytes; the disk is probably full.`)
  }

  function startNextFile(): void {
    const number = current.number + 1
    try {
      const next = fs.openSync(pathOf(number), 'ax', 0o600)
      full.push(descriptor)
      descriptor = next
    } catch (error) {
      // A file that is too long is better than a call that cannot be entered; the next line tries again.
      log.warn({ err: error }, 'cannot start the next journal file; going on with the full one')
      return
    }
    current = addFile(number)
    torn = false
    folderDirty = true
    markDirty()
    removeOldFiles()
  }

  function addFile(number: number): JournalFile {
    const file = { number, bytes: 0, reasons: 0 }
    files.set(number, file)
    return file
  }

  /**
   * Oldest first, and none before all older ones are gone: were a call's end removed before its beginning, a restart would
   * take the call for one that never ended.
   */
  function removeOldFiles(until?: JournalFile): void {
    for (const file of files.values()) {
      if (file.reasons > 0 || (file === current && file !== until)) return
      files.delete(file.number)
      removals = removals.then(() => removeFile(file.number))
    }
  }

  async function removeFile(number: number): Promise<void> {
    try {
      await fs.promises.unlink(pathOf(number))
    } catch (error) {
      log.warn({ err: error, file: number }, 'cannot remove a journal file that is no longer needed')
    }
  }

  function markDirty(): void {
    if (dirtySince !== undefined) return
    dirtySince = clock.monotonic()
    if (syncing === undefined) syncTimer = clock.after(SYNC_AFTER_MS, startSync)
  }

  function startSync(): void {
    syncing = sync().finally(() => {
      syncing = undefined
      if (dirtySince === undefined) return
      syncTimer = clock.after(Math.max(0, SYNC_AFTER_MS - (clock.monotonic() - dirtySince)), startSync)
    })
  }

  /** Never rejects: the lines are in the kernel's hands already, and there is nobody who could do better. */
  async function sync(): Promise<void> {
    dirtySince = undefined
    const closing = full.splice(0)
    const target = descriptor
    const syncFolderToo = folderDirty
    folderDirty = false
    try {
      for (const one of closing) await syncData(one)
      await syncData(target)
      if (syncFolderToo) await syncFolder(folder)
    } catch (error) {
      syncFailures++
      folderDirty ||= syncFolderToo
      log.error({ err: error }, 'cannot sync the journal to the disk; a power cut now could lose its last lines')
    }
    for (const one of closing) fs.close(one)
  }

  function pathOf(number: number): string {
    return path.join(folder, `${number.toString().padStart(10, '0')}.log`)
  }
}

function findFiles(folder: string): (InheritedFile & { readonly bytes: number })[] {
  const found = []
  for (const name of fs.readdirSync(folder)) {
    const match = FILE_NAME.exec(name)
    if (match === null) continue
    const { size, mtimeMs } = fs.statSync(path.join(folder, name))
    found.push({ file: Number(match[1]), writtenAt: Math.floor(mtimeMs), bytes: size })
  }
  return found.toSorted((one, other) => one.file - other.file)
}

function syncData(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)))
  })
}

/** Makes the names of new files durable. Windows can neither do this nor needs it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await fs.promises.open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
