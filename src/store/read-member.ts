import { type RawBuilder, sql } from 'kysely'
import type { Database } from './database.ts'
import { engineOf } from './engine.ts'

/**
 * The text of one member of a column that holds a JSON object; null where there is no such member. Numbers are read as they
 * are written.
 */
export function readMember(db: Database, column: string, name: string): RawBuilder<string | null> {
  const document = sql.ref(column)
  if (engineOf(db) === 'sqlite') return sql`cast(${document} ->> ${name} as text)`
  // PostgreSQL reads no document that has an escaped NUL in it, and would refuse the query for the sake of one row.
  return sql`case when strpos(${document}, '\\u0000') = 0 then ${document}::json ->> ${name}::text end`
}
