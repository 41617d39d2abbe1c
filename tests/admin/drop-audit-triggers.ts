import { sql } from 'kysely'
import type { Database } from '../../src/store/database.ts'
import { engineOf } from '../../src/store/engine.ts'

/** What somebody does who has the database itself and wants to change the trail. */
export async function dropAuditTriggers(db: Database): Promise<void> {
  const onTable = engineOf(db) === 'postgres' ? sql` on audit_entries` : sql``
  for (const name of ['audit_entries_no_update', 'audit_entries_no_delete']) {
    await sql`drop trigger ${sql.ref(name)}${onTable}`.execute(db)
  }
}
