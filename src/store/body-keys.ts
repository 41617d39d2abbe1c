import type { Database } from './database.ts'

/** A content key of a workspace as it is stored; `sealed` is null once it is destroyed. */
export interface StoredBodyKey {
  readonly id: string
  readonly workspaceId: string
  readonly sealed: string | null
}

export async function findBodyKey(db: Database, id: string): Promise<StoredBodyKey | undefined> {
  return await selectKeys(db).where('id', '=', id).executeTakeFirst()
}

/** The one that a workspace's content is kept under from now on. */
export async function findLiveBodyKey(db: Database, workspaceId: string): Promise<StoredBodyKey | undefined> {
  return await selectKeys(db)
    .where('workspace_id', '=', workspaceId)
    .where('shredded_at', 'is', null)
    .executeTakeFirst()
}

/** Does nothing when the workspace has one already: two processes may find none at the same time. */
export async function addBodyKey(db: Database, key: StoredBodyKey, now: number): Promise<void> {
  await db
    .insertInto('body_keys')
    .values({ id: key.id, workspace_id: key.workspaceId, sealed_key: key.sealed, shredded_at: null, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Destroys every key of a workspace. What comes after gets a new one. */
export async function shredBodyKeys(db: Database, workspaceId: string, now: number): Promise<void> {
  await db
    .updateTable('body_keys')
    .set({ sealed_key: null, shredded_at: now })
    .where('workspace_id', '=', workspaceId)
    .where('shredded_at', 'is', null)
    .execute()
}

function selectKeys(db: Database) {
  return db.selectFrom('body_keys').select(['id', 'workspace_id as workspaceId', 'sealed_key as sealed'])
}
