import type { SQLInputValue, SQLOutputValue } from 'node:sqlite'

/* What the main thread and the thread that owns the database say to each other. */

export interface WorkerOptions {
  readonly file: string
}

export type WorkerRequest =
  | { readonly id: number; readonly kind: 'query'; readonly sql: string; readonly parameters: readonly SQLInputValue[] }
  | InsertRequest
  /** Answered by the end of the thread. */
  | { readonly kind: 'close' }

/** Runs one statement for many rows in one transaction. */
export interface InsertRequest {
  readonly id: number
  readonly kind: 'insert'
  readonly sql: string
  /** An array of rows, each an array of values in the order of the statement's marks, as JSON. */
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
