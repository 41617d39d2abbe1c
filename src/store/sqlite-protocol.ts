import type { SQLInputValue, SQLOutputValue } from 'node:sqlite'
import type { BatchTable } from './database.ts'

/* What the main thread and the thread that owns the database say to each other. */

export interface WorkerOptions {
  readonly file: string
}

export type WorkerRequest =
  | { readonly id: number; readonly kind: 'query'; readonly sql: string; readonly parameters: readonly SQLInputValue[] }
  | BatchRequest
  /** Answered by the end of the thread. */
  | { readonly kind: 'close' }

/** Writes rows and adds the new ones to the roll-ups, in one transaction. */
export interface BatchRequest {
  readonly id: number
  readonly kind: 'batch'
  readonly table: BatchTable
  readonly columns: readonly string[]
  /** An array of rows, each an array of values in the order of the columns, as JSON. */
  readonly rows: string
}

export interface QueryAnswer {
  readonly rows: readonly Record<string, SQLOutputValue>[]
  readonly changes: number
  readonly lastInsertId: number
}

export type WorkerReply =
  | { readonly id: number; readonly answer: QueryAnswer }
  /** `sqliteCode` is SQLite's extended result code, when the failure came from it. */
  | { readonly id: number; readonly failure: string; readonly sqliteCode: number | undefined }

/** The reply with this id says how opening went; it comes before all others. */
export const OPENING = 0
