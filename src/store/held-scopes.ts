import { sql } from 'kysely'
import type { Database } from './database.ts'

/**
 * Which scopes of content are under a legal hold: sessions by their id, and a key's exchanges without one as `key_<id>`.
 * `shelves` are those on which the content was kept, as the rows of exchanges name them.
 */
export async function findHeldScopes(
  db: Database,
  scopes: readonly { readonly scope: string; readonly workspaceId: string }[],
  shelves: readonly string[],
): Promise<ReadonlySet<string>> {
  const holds = await db.selectFrom('legal_holds').select(['subject_kind', 'subject_id']).execute()
  const held = { session: new Set<string>(), workspace: new Set<string>() }
  for (const { subject_kind: kind, subject_id: id } of holds) {
    if (kind === 'session') held.session.add(id)
    else if (kind === 'workspace') held.workspace.add(id)
    else for (const scope of await scopesOfUser(db, id, shelves)) held.session.add(scope)
  }
  return new Set(
    scopes
      .filter(({ scope, workspaceId }) => held.session.has(scope) || held.workspace.has(workspaceId))
      .map(({ scope }) => scope),
  )
}

async function scopesOfUser(db: Database, userId: string, shelves: readonly string[]): Promise<string[]> {
  const sessions = await db.selectFrom('sessions').select('id as scope').where('user_id', '=', userId).execute()
  const exchanges = await db
    .selectFrom('exchanges')
    .select(({ fn }) => fn.coalesce('session_key', sql<string>`'key_' || key_id`).as('scope'))
    .distinct()
    .where('user_id', '=', userId)
    .where('shelf', 'in', shelves)
    .where('key_id', 'is not', null)
    .execute()
  return [...sessions, ...exchanges].map(({ scope }) => scope)
}
