import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Held until it is closed, or until its process is gone. */
export type StoreLock = Pick<DatabaseSync, 'close'>

/**
 * Two gateways on one data folder would each believe in their own picture of keys and money, and take the other's open calls
 * for those of a dead one. The lock is a transaction held open on a file of its own, beside the database or where one would be,
 * so that the operating system takes it back when the process dies, however it dies. Makes the folder when it is missing.
 */
export function lockStore(databaseFile: string): StoreLock {
  mkdirSync(dirname(databaseFile), { recursive: true, mode: 0o700 })
  const lockFile = `${databaseFile}.lock`
  makePrivate(lockFile)
  const lock = new DatabaseSync(lockFile, { timeout: 0 })
  try {
    lock.exec('pragma locking_mode = exclusive; begin exclusive')
  } catch (error) {
    lock.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) {
      throw new Error(
        `Another gateway already uses ${dirname(databaseFile)}. Stop it first, or give this one a data folder of its own.`,
      )
    }
    throw error
  }
  return lock
}

const SQLITE_BUSY = 5

/**
 * Makes the file before SQLite does, because SQLite would let everybody read it; -wal and -shm copy its mode. A file that
 * is there is not even opened: closing it would take away the locks that this process holds on it.
 */
export function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
