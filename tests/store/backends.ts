import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore, type Store, type StoreOptions } from '../../src/store/database.ts'
import { hasPostgres, makeDatabase } from './postgres-place.ts'

/** One database engine that the store runs on. Every suite of the store runs on each. */
export interface Backend {
  readonly name: string
  /** A new, empty place for one store. */
  makePlace(): Promise<Place>
}

export interface Place {
  /** Where the store is, also for another process. */
  readonly options: StoreOptions
  /** Opens the store there; also again, after it was closed. */
  open(): Promise<Store>
  /** Removes everything. */
  clear(): Promise<void>
}

const sqlite: Backend = {
  name: 'SQLite',
  async makePlace() {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-store-'))
    const options = { file: join(folder, 'portcullis.db') }
    return {
      options,
      open: () => openStore(options),
      clear: () => rm(folder, { recursive: true, force: true }),
    }
  },
}

const postgres: Backend = {
  name: 'PostgreSQL',
  async makePlace() {
    const { url, drop } = await makeDatabase()
    return { options: { url }, open: () => openStore({ url }), clear: drop }
  },
}

export const backends: readonly Backend[] = hasPostgres ? [sqlite, postgres] : [sqlite]
