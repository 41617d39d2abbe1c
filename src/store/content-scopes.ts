import { sql } from 'kysely'
import type { Database } from './database.ts'

/** Content that lies together: a session's, or that of a key's exchanges outside of any (`key_<id>`), and the shelves it lies on. */
export interface ContentScope {
  readonly workspaceId: string
  readonly scope: string
  readonly shelves: readonly string[]
}

/** Of one session. */
export async function findSessionScope(db: Database, session: string): Promise<ContentScope | undefined> {
  const rows = await scopesOf(db).where('session_key', '=', session).execute()
  return gather(rows)[0]
}

/** Of everything that a person's keys have asked for. */
export async function listScopesOfUser(
  db: Database,
  organisationId: string,
  userId: string,
): Promise<readonly ContentScope[]> {
  const rows = await scopesOf(db).where('user_id', '=', userId).where('organisation_id', '=', organisationId).execute()
  return gather(rows)
}

/** Where a person has asked for anything, kept or not: an answer may lie in a cache where no content is kept. */
export async function listWorkspacesOfUser(
  db: Database,
  organisationId: string,
  userId: string,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('exchanges')
    .select('workspace_id')
    .distinct()
    .where('user_id', '=', userId)
    .where('organisation_id', '=', organisationId)
    .where('workspace_id', 'is not', null)
    .execute()
  return rows.flatMap(({ workspace_id: id }) => id ?? [])
}

function scopesOf(db: Database) {
  return db
    .selectFrom('exchanges')
    .select([
      'workspace_id',
      'shelf',
      sql<string>`coalesce(${sql.ref('session_key')}, 'key_' || ${sql.ref('key_id')})`.as('scope'),
    ])
    .distinct()
    .where('shelf', 'is not', null)
    .where('workspace_id', 'is not', null)
    .where('key_id', 'is not', null)
}

function gather(
  rows: readonly { readonly workspace_id: string | null; readonly shelf: string | null; readonly scope: string }[],
): readonly ContentScope[] {
  const byScope = Map.groupBy(rows, ({ workspace_id: workspace, scope }) => `${workspace} ${scope}`)
  return [...byScope.values()].map((each) => {
    const [{ workspace_id: workspaceId, scope }] = each as [(typeof rows)[number]]
    return { workspaceId: workspaceId ?? '', scope, shelves: each.flatMap(({ shelf }) => shelf ?? []).toSorted() }
  })
}

/** Whose content is among that of a workspace. */
export async function listUsersOfWorkspace(db: Database, workspaceId: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('exchanges')
    .select('user_id')
    .distinct()
    .where('workspace_id', '=', workspaceId)
    .where('shelf', 'is not', null)
    .where('user_id', 'is not', null)
    .execute()
  return rows.flatMap(({ user_id: id }) => id ?? [])
}
