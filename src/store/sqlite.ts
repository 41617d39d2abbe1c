import { extname } from 'node:path'
import type { SQLInputValue } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely'
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import {
  OPENING,
  type BatchRequest,
  type QueryAnswer,
  type WorkerOptions,
  type WorkerReply,
  type WorkerRequest,
} from './sqlite-protocol.ts'
import { StoreError, type StoreFault } from './store-error.ts'

/** The database behind its thread. Calls are run in the order in which they are made. */
export interface SqliteThread {
  query(sql: string, parameters: readonly SQLInputValue[]): Promise<QueryAnswer>
  /** Writes rows and what they add to the roll-ups in one transaction. */
  writeBatch(batch: Omit<BatchRequest, 'id' | 'kind'>): Promise<void>
  close(): Promise<void>
}

/** Opens (or makes) a database file in a thread of its own. Rejects when another process holds it. */
export async function startSqlite(file: string): Promise<SqliteThread> {
  // Source runs as .ts and a build as .js; the thread's file has the same extension as this one.
  const extension = extname(new URL(import.meta.url).pathname)
  const worker = new Worker(new URL(`./sqlite-worker${extension}`, import.meta.url), {
    workerData: { file } satisfies WorkerOptions,
    env: {},
    name: 'sqlite',
  })
  const pending = new Map<number, PromiseWithResolvers<QueryAnswer>>()
  let lastId = OPENING
  let gone: StoreError | undefined

  worker.on('message', (reply: WorkerReply) => {
    const waiting = pending.get(reply.id)
    pending.delete(reply.id)
    if ('answer' in reply) waiting?.resolve(reply.answer)
    else waiting?.reject(new StoreError(reply.failure, faultOf(reply.sqliteCode)))
  })
  worker.on('error', (error) => lose(`The database thread has died: ${error.message}`))
  const exited = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      lose('The database thread has ended.')
      resolve()
    })
  })

  await expectReply(OPENING).catch(async (error: unknown) => {
    await worker.terminate()
    throw error
  })

  return {
    query: (sql, parameters) => ask((id) => ({ id, kind: 'query', sql, parameters })),
    async writeBatch(batch) {
      await ask((id) => ({ id, kind: 'batch', ...batch }))
    },
    async close() {
      gone ??= new StoreError('The database is closed.', 'gone')
      worker.postMessage({ kind: 'close' } satisfies WorkerRequest)
      await exited
    },
  }

  async function ask(request: (id: number) => WorkerRequest): Promise<QueryAnswer> {
    if (gone !== undefined) throw gone
    const id = ++lastId
    // Posting comes first: it throws on a value that cannot be cloned, and then nobody would ever answer.
    worker.postMessage(request(id))
    return await expectReply(id)
  }

  function expectReply(id: number): Promise<QueryAnswer> {
    const waiting = Promise.withResolvers<QueryAnswer>()
    pending.set(id, waiting)
    return waiting.promise
  }

  function lose(reason: string): void {
    gone ??= new StoreError(reason, 'gone')
    for (const waiting of pending.values()) waiting.reject(gone)
    pending.clear()
  }
}

/** Extended result codes, from https://www.sqlite.org/rescode.html. */
function faultOf(sqliteCode: number | undefined): StoreFault {
  if (sqliteCode === 2067 || sqliteCode === 1555) return 'duplicate'
  if (sqliteCode === 787) return 'dangling'
  if (sqliteCode === 13) return 'full'
  return 'other'
}

/** Kysely on that thread. Kysely itself lets only one query or transaction at a time have the connection. */
export function createSqliteDialect(thread: SqliteThread): Dialect {
  const connection: DatabaseConnection = {
    executeQuery: <Row>(query: CompiledQuery) => runCompiled<Row>(thread, query),
    async *streamQuery<Row>(query: CompiledQuery) {
      yield await runCompiled<Row>(thread, query)
    },
  }
  return {
    createAdapter: () => new TransactionalSqliteAdapter(),
    createDriver: () => createDriver(thread, connection),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

/** SQLite rolls back schema changes too, so a migration that fails halfway leaves nothing behind. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

function createDriver(thread: SqliteThread, connection: DatabaseConnection): Driver {
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    releaseConnection: async () => {},
    // `immediate`, because a transaction that begins by reading could not take the write lock later without failing.
    beginTransaction: () => runBare(thread, 'begin immediate'),
    commitTransaction: () => runBare(thread, 'commit'),
    rollbackTransaction: () => runBare(thread, 'rollback').catch(forgiveMissingTransaction),
    destroy: () => thread.close(),
  }
}

async function runBare(thread: SqliteThread, sql: string): Promise<void> {
  await thread.query(sql, [])
}

/** A full disk makes SQLite roll back by itself; complaining about the second rollback would hide the first error. */
function forgiveMissingTransaction(error: unknown): void {
  if (error instanceof StoreError && error.message.includes('no transaction is active')) return
  throw error
}

async function runCompiled<Row>(thread: SqliteThread, { sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
  const { rows, changes, lastInsertId } = await thread.query(sql, parameters as readonly SQLInputValue[])
  return {
    rows: rows as readonly unknown[] as Row[],
    numAffectedRows: BigInt(changes),
    insertId: BigInt(lastInsertId),
  }
}
