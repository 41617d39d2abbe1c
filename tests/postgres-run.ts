import { createServer, type AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { openStore } from '../src/store/database.ts'
import type { Engine } from '../src/store/engine.ts'
import { createDatabase, findPostgres, startPostgres, type PostgresServer } from '../src/testing/postgres.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A port of 127.0.0.1 that tells where the run's PostgreSQL listens; undefined where none is installed. */
    readonly postgresPort: number | undefined
    /** What the control planes of tests/admin run on. */
    readonly engine: Engine
  }
}

/** A database whose tables are made already: copying it costs a third of making them. */
export const READY_DATABASE = 'ready'

/**
 * One PostgreSQL server for a whole run, started when the first test asks where it is: most runs under one path never do. Vitest
 * calls this before the tests, and what it returns after them.
 */
export default async function prepare(project: TestProject): Promise<() => Promise<void>> {
  const binaries = findPostgres()
  if (binaries === undefined) {
    const missing = 'PostgreSQL is not installed'
    if (process.env['CI'] !== undefined) throw new Error(`${missing}: .ci/run brings it along.`)
    console.warn(`${missing}: what runs on it is not tested. Debian has it as the package postgresql.`)
    project.provide('postgresPort', undefined)
    return async () => {}
  }
  let started: Promise<PostgresServer> | undefined
  const desk = createServer((asking) => {
    started ??= startReady(binaries)
    started.then(
      ({ address }) => asking.end(JSON.stringify(address)),
      (error: unknown) => asking.destroy(error instanceof Error ? error : new Error(String(error))),
    )
    asking.on('error', () => {})
  })
  await new Promise<void>((resolve) => desk.listen(0, '127.0.0.1', resolve))
  project.provide('postgresPort', (desk.address() as AddressInfo).port)
  return async () => {
    desk.close()
    await (await started)?.clear()
  }
}

async function startReady(binaries: string): Promise<PostgresServer> {
  const server = await startPostgres(binaries)
  const store = await openStore({ url: await createDatabase(server.address, READY_DATABASE) })
  await store.close()
  return server
}
