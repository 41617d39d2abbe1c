import { sql } from 'kysely'
import type { Database } from './database.ts'

/** Notes that content was deleted before its time: of a session, of a key's exchanges without one, or of one exchange. */
export async function addBodyDeletion(
  db: Database,
  { scope, shelf, now }: { readonly scope: string; readonly shelf: string; readonly now: number },
): Promise<void> {
  await db
    .insertInto('body_deletions')
    .values({ scope, shelf, deleted_at: now })
    .onConflict((conflict) => conflict.columns(['scope', 'shelf']).doUpdateSet({ deleted_at: now }))
    .execute()
}

/** Whether an exchange's content was deleted, by itself or with everything of its session. What came after a deletion was not. */
export async function wasDeleted(db: Database, exchangeId: string, shelf: string): Promise<boolean> {
  const found = await db
    .selectFrom('body_deletions')
    .leftJoin('exchanges', (join) => join.on('exchanges.id', '=', exchangeId))
    .select('body_deletions.scope')
    .where('body_deletions.shelf', '=', shelf)
    .where((where) =>
      where.or([
        where('body_deletions.scope', '=', exchangeId),
        where.and([
          where(
            'body_deletions.scope',
            '=',
            where.fn.coalesce('exchanges.session_key', sql<string>`'key_' || ${sql.ref('exchanges.key_id')}`),
          ),
          where('body_deletions.deleted_at', '>=', where.ref('exchanges.received_at')),
        ]),
      ]),
    )
    .executeTakeFirst()
  return found !== undefined
}
