import { member } from '../contract/answer.ts'
import { type Change, type Changes, fingerprint, revertSettings } from './merge-settings.ts'
import { readTextFile } from './settings-file.ts'

/** What connecting leaves beside a settings file, so that disconnecting can put it back. */
export interface Receipt extends Changes {
  readonly version: 1
  /** Name of the backup beside the file; null if there was no file. */
  readonly backup: string | null
  /** Permission bits before; null if there was no file. */
  readonly mode: number | null
  /** SHA-256 of the file as we left it. */
  readonly left: string
}

/** The state to go back to. */
export interface Original {
  /** The bytes that stood before; null if there was no file. */
  readonly bytes: Buffer | null
  /** Permission bits before; null if there was no file. */
  readonly mode: number | null
  /** Whether nobody changed the file since, so that `bytes` are exactly the ones of then. */
  readonly exact: boolean
  readonly leftAlone: readonly string[]
}

/** Where the receipt of a settings file lies. */
export function receiptPath(settingsPath: string): string {
  return `${settingsPath}.portcullis-receipt.json`
}

/** Where a backup of a settings file lies that was made at this time. */
export function backupName(settingsName: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  return `${settingsName}.portcullis-backup-${stamp}`
}

/** The receipt beside a settings file; undefined if there is none that can be understood. */
export async function readReceipt(settingsPath: string): Promise<Receipt | undefined> {
  const file = await readTextFile(receiptPath(settingsPath))
  if (file === undefined) return undefined
  try {
    const value: unknown = JSON.parse(file.text)
    return isReceipt(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** What the settings file was before the receipt, given what it is now and the backup, if that is still there. */
export function originalOf(receipt: Receipt, current: string, backup: Buffer | undefined): Original {
  const untouched = fingerprint(current) === receipt.left
  if (untouched && receipt.backup === null) return { bytes: null, mode: null, exact: true, leftAlone: [] }
  if (untouched && backup !== undefined) return { bytes: backup, mode: receipt.mode, exact: true, leftAlone: [] }
  const { text, leftAlone } = revertSettings(current, receipt)
  const nothingLeft = receipt.backup === null && /^\s*\{\s*\}\s*$/.test(text)
  return { bytes: nothingLeft ? null : Buffer.from(text), mode: receipt.mode, exact: false, leftAlone }
}

function isReceipt(value: unknown): value is Receipt {
  const [backup, mode, changes] = [member(value, 'backup'), member(value, 'mode'), member(value, 'changes')]
  return (
    member(value, 'version') === 1 &&
    // A name only: a receipt must not lead to another folder.
    (backup === null || (typeof backup === 'string' && !/[/\\]/.test(backup))) &&
    (mode === null || (typeof mode === 'number' && mode >= 0 && mode <= 0o777)) &&
    typeof member(value, 'left') === 'string' &&
    typeof member(value, 'madeEnv') === 'boolean' &&
    Array.isArray(changes) &&
    changes.every(isChange)
  )
}

function isChange(value: unknown): value is Change {
  const [path, before, after] = [member(value, 'path'), member(value, 'before'), member(value, 'after')]
  return (
    Array.isArray(path) &&
    path.length > 0 &&
    path.every((name) => typeof name === 'string') &&
    (before === null || typeof before === 'string') &&
    (after === null || typeof after === 'string')
  )
}
