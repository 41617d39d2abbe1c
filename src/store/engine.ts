import { PostgresAdapter } from 'kysely'
import type { Database } from './database.ts'

/** What runs underneath. The tables are the same; a few words of SQL are not. */
export type Engine = 'sqlite' | 'postgres'

/** Of a store's handle, or of a transaction's. For the few queries that have to be spelled differently. */
export function engineOf(db: Pick<Database, 'getExecutor'>): Engine {
  return db.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite'
}
