import { Kysely } from 'kysely'
import { closeAfterOthers } from './close-after-others.ts'
import type { Store } from './database.ts'
import { isUpToDate, migrate } from './migrate.ts'
import { createPostgresDialect } from './postgres-dialect.ts'
import { createBatchWriter } from './postgres-batch.ts'
import { connectPostgres } from './postgres.ts'
import type { Tables } from './schema.ts'

/**
 * Opens a PostgreSQL database as the store and brings its tables up to date; several gateways may do so at the same time.
 * Throws, with a sentence for the operator, when it cannot be used, or when a newer version of the gateway has changed it.
 */
export async function openPostgresStore(url: string): Promise<Store> {
  const pool = await connectPostgres(url)
  const db = new Kysely<Tables>({ dialect: createPostgresDialect(pool) })
  try {
    if (!(await isUpToDate(db))) await bringUpToDate(url)
  } catch (error) {
    await db.destroy()
    throw error
  }
  const writeBatch = createBatchWriter(pool)
  let closing: Promise<void> | undefined
  return {
    db,
    insertMany: async (table, rows) => {
      if (rows.length > 0) await writeBatch(table, rows)
    },
    close() {
      closing ??= closeAfterOthers(db)
      return closing
    },
  }
}

/** By a connection that waits as long as it takes: for another gateway that does the same, and for large tables. */
async function bringUpToDate(url: string): Promise<void> {
  const db = new Kysely<Tables>({ dialect: createPostgresDialect(await connectPostgres(url, { isPatient: true })) })
  try {
    await db.transaction().execute((tx) => migrate(tx))
  } finally {
    await db.destroy()
  }
}
