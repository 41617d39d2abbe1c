import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { createBatchWriter } from './sqlite-batch.ts'
import { lockStore, makePrivate, type StoreLock } from './lock-store.ts'
import {
  OPENING,
  type QueryAnswer,
  type WorkerOptions,
  type WorkerReply,
  type WorkerRequest,
} from './sqlite-protocol.ts'

/*
 * The thread that owns the database. `node:sqlite` is synchronous: a query or an fsync on the main thread would stop
 * every stream in the gateway for as long as it lasts. Here it stops nobody.
 */

const NOTHING: QueryAnswer = { rows: [], changes: 0, lastInsertId: 0 }
const STATEMENTS_MAX = 256

if (parentPort === null) throw new Error('sqlite-worker runs as a worker thread of src/store/sqlite.ts only.')
const port = parentPort
const { file } = workerData as WorkerOptions

answer(OPENING, () => {
  let lock: StoreLock | undefined
  try {
    lock = lockStore(file)
    serve(openDatabase(file), lock)
  } catch (error) {
    lock?.close()
    throw sayWhere(error)
  }
  return NOTHING
})

/** The system and SQLite say what is wrong, such as "file is not a database", but not with which file. */
function sayWhere(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error)) return error
  return new Error(`Cannot open ${file}: ${error.message}. PORTCULLIS_DATA names its folder.`, { cause: error })
}

function serve(database: DatabaseSync, lock: StoreLock): void {
  const prepare = createStatementCache(database)
  const writeBatch = createBatchWriter(database, (sql) => prepare(sql).statement)
  port.on('message', (request: WorkerRequest) => {
    if (request.kind === 'close') {
      database.close()
      lock.close()
      port.close()
      return
    }
    answer(request.id, () =>
      request.kind === 'query'
        ? runQuery(prepare(request.sql), request.parameters)
        : { rows: [], changes: writeBatch(request), lastInsertId: 0 },
    )
  })
}

function answer(id: number, work: () => QueryAnswer): void {
  let reply: WorkerReply
  try {
    reply = { id, answer: work() }
  } catch (error) {
    const sqliteCode = error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined
    reply = { id, failure: error instanceof Error ? error.message : String(error), sqliteCode }
  }
  port.postMessage(reply)
}

function openDatabase(databaseFile: string): DatabaseSync {
  makePrivate(databaseFile)
  const database = new DatabaseSync(databaseFile, { timeout: 5000, enableForeignKeyConstraints: true })
  // FULL makes a commit survive a power cut; the cost is one fsync per transaction, in this thread. Previews and titles are
  // content: what is deleted is overwritten.
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma secure_delete = on;
    pragma temp_store = memory;
    pragma cache_size = -32000;
    pragma journal_size_limit = 67108864;
  `)
  return database
}

interface Prepared {
  readonly statement: StatementSync
  readonly reads: boolean
  /** Columns whose integers may pass 2^53, by the house rule that their names end in `_nanos`. */
  readonly wide: boolean
}

/** Keeps the statements used last; Kysely makes the same text for the same query, so a gateway needs few of them. */
function createStatementCache(database: DatabaseSync): (sql: string) => Prepared {
  const statements = new Map<string, Prepared>()
  return (sql) => {
    const known = statements.get(sql)
    if (known !== undefined) {
      statements.delete(sql)
      statements.set(sql, known)
      return known
    }
    const statement = database.prepare(sql)
    const columns = statement.columns()
    const wide = columns.some((column) => isWide(column.name))
    if (wide) statement.setReadBigInts(true)
    const prepared = { statement, reads: columns.length > 0, wide }
    statements.set(sql, prepared)
    if (statements.size > STATEMENTS_MAX) forgetOldest()
    return prepared
  }

  function forgetOldest(): void {
    const oldest = statements.keys().next()
    if (oldest.done !== true) statements.delete(oldest.value)
  }
}

function isWide(column: string): boolean {
  return column.endsWith('_nanos')
}

function runQuery({ statement, reads, wide }: Prepared, parameters: readonly SQLInputValue[]): QueryAnswer {
  // node:sqlite would read an object in the first place as values by name, and quietly leave the others empty.
  if (parameters.some(isNoValue)) throw new TypeError('A query was given a value that no column can hold.')
  if (!reads) {
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], changes: Number(changes), lastInsertId: Number(lastInsertRowid) }
  }
  const rows = statement.all(...parameters)
  if (wide) for (const row of rows) narrowRow(row)
  return { rows, changes: rows.length, lastInsertId: 0 }
}

function isNoValue(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
}

/** Bigint reading is all or nothing per statement, so the columns that did not need it are turned back. */
function narrowRow(row: Record<string, SQLOutputValue>): void {
  for (const name in row) {
    const value = row[name]
    if (typeof value !== 'bigint' || isWide(name)) continue
    const narrow = Number(value)
    if (!Number.isSafeInteger(narrow)) throw new RangeError(`The number in column ${name} passes 2^53: ${value}`)
    row[name] = narrow
  }
}
