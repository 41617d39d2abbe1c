import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { afterAll, beforeAll, inject } from 'vitest'
import { createDatabase, dropDatabase, type PostgresAddress } from '../../src/testing/postgres.ts'
import { READY_DATABASE } from '../postgres-run.ts'

const port = inject('postgresPort')

/** Whether the run has a PostgreSQL server. */
export const hasPostgres = port !== undefined

/** Where it listens. The first who asks has it started. */
export async function findServer(): Promise<PostgresAddress> {
  if (port === undefined) throw new Error('This run has no PostgreSQL server.')
  return JSON.parse(await text(connect(port, '127.0.0.1'))) as PostgresAddress
}

/** A database of one test's own. */
export interface DatabasePlace {
  readonly server: PostgresAddress
  readonly name: string
  readonly url: string
  /** Gives it back. Nobody may be connected to it any more. */
  drop(): Promise<void>
}

// The start of the server is not on the time of whichever test comes first.
beforeAll(async () => {
  if (hasPostgres) await findServer()
}, 120_000)

/** Emptied ones, for the next test of this file: emptying costs a tenth of making another. */
const free: DatabasePlace[] = []

afterAll(async () => {
  for (const place of free.splice(0)) await dropDatabase(place.server, place.name)
})

/** With all tables and nothing in them, or, `isBare`, without tables. */
export async function makeDatabase({ isBare = false } = {}): Promise<DatabasePlace> {
  const known = isBare ? undefined : free.pop()
  if (known !== undefined) return known
  const server = await findServer()
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const url = await createDatabase(server, name, isBare ? 'template0' : READY_DATABASE)
  if (!isBare) ready ??= await ask(url, readReady)
  const drop = async () => {
    if (!isBare && (await empty(url))) free.push(place)
    else await dropDatabase(server, name)
  }
  const place = { server, name, url, drop }
  return place
}

/** Takes all rows away, past triggers and references; false when a test has changed more than rows. */
async function empty(url: string): Promise<boolean> {
  return await ask(url, async (client) => {
    if (ready === undefined || (await readShape(client)) !== ready.shape) return false
    const { rows } = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' and tablename not like 'schema_migrations%'`,
    )
    const deletes = rows.map(({ name }) => `delete from "${name}";`)
    await client.query(`set session_replication_role = replica; ${deletes.join(' ')} truncate changes restart identity`)
    for (const { name, value } of ready.settings) {
      await client.query('insert into settings (name, value) values ($1, $2)', [name, value])
    }
    return true
  })
}

/** A database that no test has touched. */
interface Ready {
  readonly shape: string
  readonly settings: readonly { readonly name: string; readonly value: string }[]
}

let ready: Ready | undefined

async function readReady(client: pg.Client): Promise<Ready> {
  return { shape: await readShape(client), settings: (await client.query('select name, value from settings')).rows }
}

/** Relations with how many columns and triggers each has. */
async function readShape(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ shape: string }>(`
    select string_agg(concat(relname, ' ', (select count(*) from pg_attribute where attrelid = c.oid and not attisdropped),
      ' ', (select count(*) from pg_trigger where tgrelid = c.oid)), ', ' order by relname) as shape
    from pg_class c where relnamespace = 'public'::regnamespace`)
  return rows[0]!.shape
}

async function ask<Answer>(url: string, questions: (client: pg.Client) => Promise<Answer>): Promise<Answer> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await questions(client)
  } finally {
    await client.end()
  }
}
