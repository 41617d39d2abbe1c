import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { inject } from 'vitest'
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
  drop(): Promise<void>
}

/** With all tables and nothing in them, or, `isEmpty`, without tables. */
export async function makeDatabase({ isEmpty = false } = {}): Promise<DatabasePlace> {
  const server = await findServer()
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const url = await createDatabase(server, name, isEmpty ? 'template0' : READY_DATABASE)
  return { server, name, url, drop: () => dropDatabase(server, name) }
}
