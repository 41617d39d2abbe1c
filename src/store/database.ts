import { Kysely, type Insertable } from 'kysely'
import { closeAfterOthers } from './close-after-others.ts'
import { migrate } from './migrate.ts'
import { openPostgresStore } from './postgres-store.ts'
import type { Tables } from './schema.ts'
import { createSqliteDialect, startSqlite, type SqliteThread } from './sqlite.ts'

/** Tables that are written in batches, by the journal's drain. */
export type BatchTable = 'ledger_calls' | 'exchanges'

/** A handle that queries accept: the store's own, or that of a transaction on it. */
export type Database = Kysely<Tables>

export interface Store {
  /**
   * Typed queries. Inside `db.transaction()` use the transaction's handle only: with SQLite the store has one connection, and a
   * query on `db` would wait for the transaction that waits for it. Transactions run one at a time, with PostgreSQL also those
   * of other gateways; there, one that only reads (`setAccessMode('read only')`) waits for nobody and sees one moment.
   */
  readonly db: Database
  /**
   * Writes many rows, and adds them to the roll-ups, in one transaction; past Kysely, whose compiling would cost more than the
   * writing. All rows have the members of the first. A row whose id is there already is left as it is and added to nothing, so a
   * batch may be written twice.
   */
  insertMany<Table extends BatchTable>(table: Table, rows: readonly Insertable<Tables[Table]>[]): Promise<void>
  /** Waits for what was asked before, then closes. Safe to call twice. */
  close(): Promise<void>
}

export type StoreOptions =
  /** An SQLite file; it and its folder are made when missing, readable by this user only. */
  | { readonly file: string }
  /** A PostgreSQL database, `postgres://…`. */
  | { readonly url: string }

/**
 * Opens the store and brings its tables up to date. Throws, with a sentence for the operator, when another gateway holds
 * the file, when the database cannot be used, or when a newer version of the gateway has changed it.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  return 'url' in options ? await openPostgresStore(options.url) : await openSqliteStore(options.file)
}

async function openSqliteStore(file: string): Promise<Store> {
  const thread = await startSqlite(file)
  const db = new Kysely<Tables>({ dialect: createSqliteDialect(thread) })
  try {
    await migrate(db)
  } catch (error) {
    await thread.close()
    throw error
  }
  let closing: Promise<void> | undefined
  return {
    db,
    insertMany: async (table, rows) => {
      if (rows.length > 0) await insertMany(db, thread, table, rows)
    },
    close() {
      closing ??= closeAfterOthers(db)
      return closing
    },
  }
}

async function insertMany<Table extends BatchTable>(
  db: Database,
  thread: SqliteThread,
  table: Table,
  rows: readonly Insertable<Tables[Table]>[],
): Promise<void> {
  const columns = Object.keys(rows[0]!)
  const encoded = encodeRows(columns, rows as readonly Readonly<Record<string, Value>>[])
  // Holding Kysely's connection keeps this batch out of the middle of somebody's transaction.
  await db.connection().execute(() => thread.writeBatch({ table, columns, rows: encoded }))
}

type Value = string | number | bigint | null

/**
 * Rows as one JSON text, an array of values for each: a string crosses to the other thread for a third of what its values cost one by
 * one. A bigint goes as its digits, which an integer column reads back without loss.
 */
function encodeRows(columns: readonly string[], rows: readonly Readonly<Record<string, Value>>[]): string {
  return JSON.stringify(
    rows.map((row) =>
      columns.map((column) => {
        const value = row[column]
        return typeof value === 'bigint' ? value.toString() : value
      }),
    ),
  )
}
