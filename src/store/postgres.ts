import pg from 'pg'
import { toStoreError } from './postgres-faults.ts'
import { AS_TEXT, readRows, toParameter } from './postgres-values.ts'
import { StoreError } from './store-error.ts'

/** What a statement has answered. */
export interface PostgresAnswer {
  readonly rows: readonly Record<string, unknown>[]
  /** Rows that were written or taken away. */
  readonly changes: number
}

/** One connection, and nobody else's until it is given back. Failures are `StoreError`s. */
export interface PostgresConnection {
  query(sql: string, parameters?: readonly unknown[]): Promise<PostgresAnswer>
  /** Runs what has neither parameters nor an answer, such as `begin`; may be several statements. */
  run(sql: string): Promise<void>
}

/** The connections of this process to one database. */
export interface PostgresPool {
  /** Waits for a free connection, or opens one. */
  acquire(): Promise<PostgresConnection>
  /** Gives it back; one that has failed in the middle of something is closed instead. */
  release(connection: PostgresConnection): void
  /** Waits until all are given back, then closes them. Whoever asks from now on is refused. Safe to call twice. */
  close(): Promise<void>
}

export interface PostgresOptions {
  /** Waits as long as it takes: bringing a large database to a new version may take minutes. */
  readonly isPatient?: boolean
}

/** Older ones get no corrections from their makers any more. */
const VERSION_MIN = 14

const CONNECTIONS_MAX = 10
const CONNECT_TIMEOUT_MS = 10_000
/** For one statement. What may take longer asks in portions. */
const STATEMENT_TIMEOUT_MS = 60_000
/** For the lock of a row, a table or the control plane. */
const LOCK_TIMEOUT_MS = 30_000
/** A process that stands still in the middle of a transaction lets go of its locks after this time. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000
/** Beyond the server's own patience: then it is the network that does not answer. */
const SILENCE_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 10_000
const KEEP_ALIVE_AFTER_MS = 10_000

/**
 * Connects once, to see that the database is there and fit. Throws, with a sentence for the operator and without the
 * password, when it is not.
 */
export async function connectPostgres(url: string, options: PostgresOptions = {}): Promise<PostgresPool> {
  const place = describePlace(url)
  const pool = openPool(url, options)
  try {
    const connection = await pool.acquire()
    try {
      await requireFit(connection)
    } finally {
      pool.release(connection)
    }
  } catch (error) {
    await pool.close()
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`Cannot use the database at ${place}: ${why}. PORTCULLIS_DATABASE_URL names it.`, { cause: error })
  }
  return pool
}

/** Who, where and what; without password and options. */
function describePlace(url: string): string {
  const { username, hostname, port, pathname, searchParams } = parseUrl(url)
  const host = searchParams.get('host') ?? (hostname === '' ? 'localhost' : hostname)
  const user = username === '' ? (searchParams.get('user') ?? '') : decodeURIComponent(username)
  return `${user === '' ? '' : `${user}@`}${host}${port === '' ? '' : `:${port}`}${decodeURIComponent(pathname)}`
}

function parseUrl(url: string): URL {
  try {
    return new URL(url)
  } catch {
    // Without the cause, which repeats the URL and so the password.
    throw new Error(
      'PORTCULLIS_DATABASE_URL is no URL. Special characters in its password are written as % and two digits.',
    )
  }
}

async function requireFit(connection: PostgresConnection): Promise<void> {
  const { rows } = await connection.query(
    `select current_setting('server_version_num')::int / 10000 as version,
      current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby`,
  )
  const { version, encoding, standby } = rows[0] as { version: number; encoding: string; standby: 0 | 1 }
  if (version < VERSION_MIN)
    throw new Error(`its server is PostgreSQL ${version}, and ${VERSION_MIN} is the oldest that will do`)
  if (encoding !== 'UTF8') throw new Error(`it is encoded as ${encoding}; create it with encoding UTF8`)
  if (standby === 1) throw new Error('its server is a standby that cannot be written to')
}

function openPool(url: string, { isPatient = false }: PostgresOptions): PostgresPool {
  const pool = new pg.Pool({
    connectionString: withCheckedTls(url),
    application_name: 'portcullis',
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    types: AS_TEXT,
    ...(!isPatient && {
      statement_timeout: STATEMENT_TIMEOUT_MS,
      lock_timeout: LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
      query_timeout: SILENCE_TIMEOUT_MS,
    }),
  })
  // A connection that dies while nobody uses it is replaced by the next who asks; one in use tells its user.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))

  const lent = new Map<PostgresConnection, Lent>()
  let waiting = 0
  let closing: Promise<void> | undefined
  const idle = Promise.withResolvers<void>()

  return {
    async acquire() {
      if (closing !== undefined) throw new StoreError('The database is closed.', 'gone')
      waiting++
      try {
        const client = await pool.connect()
        const one = { client, isBroken: false }
        const connection = connectionOf(one)
        lent.set(connection, one)
        return connection
      } catch (error) {
        throw toStoreError(error)
      } finally {
        waiting--
        tellIdle()
      }
    },
    release(connection) {
      const one = lent.get(connection)
      lent.delete(connection)
      one?.client.release(one.isBroken)
      tellIdle()
    },
    close() {
      closing ??= closeAll()
      return closing
    },
  }

  async function closeAll(): Promise<void> {
    await Promise.resolve()
    tellIdle()
    await idle.promise
    await pool.end()
  }

  function tellIdle(): void {
    if (closing !== undefined && waiting === 0 && lent.size === 0) idle.resolve()
  }
}

/** A connection in use. */
interface Lent {
  readonly client: pg.PoolClient
  /** It may be in the middle of something, or be gone. */
  isBroken: boolean
}

function connectionOf(lent: Lent): PostgresConnection {
  return {
    async query(sql, parameters = []) {
      const answer = await ask(() =>
        lent.client.query({ text: sql, values: parameters.map(toParameter), rowMode: 'array' }),
      )
      return { rows: readRows(answer), changes: answer.rowCount ?? 0 }
    },
    async run(sql) {
      // What ends a transaction and fails, and what begins one and fails halfway, leaves a connection that nobody can trust.
      await ask(() => lent.client.query(sql)).catch((error: unknown) => {
        lent.isBroken = true
        throw error
      })
    },
  }

  async function ask<Answer>(query: () => Promise<Answer>): Promise<Answer> {
    try {
      return await query()
    } catch (error) {
      const failure = toStoreError(error)
      if (failure.fault === 'gone') lent.isBroken = true
      throw failure
    }
  }
}

/**
 * The client library takes `require` and its like for `verify-full`, and warns on every start that a later version will check
 * less. We say what we mean: whoever asks for TLS gets a certificate that is checked, or writes `no-verify`.
 */
function withCheckedTls(url: string): string {
  const parsed = parseUrl(url)
  const mode = parsed.searchParams.get('sslmode')
  if (mode === null || mode === 'disable' || mode === 'no-verify') return url
  parsed.searchParams.set('sslmode', 'verify-full')
  return parsed.href
}
