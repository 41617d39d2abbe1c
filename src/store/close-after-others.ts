import type { Database } from './database.ts'

/** Whoever has asked for a connection already comes before us. Destroying Kysely's handle closes what lies under it. */
export async function closeAfterOthers(db: Database): Promise<void> {
  await db
    .connection()
    .execute(async () => {})
    .catch(() => {
      // A server that cannot be reached has none; there is nobody to wait for, and all the more to close.
    })
  await db.destroy()
}
