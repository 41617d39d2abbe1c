import { sql, type Insertable } from 'kysely'
import type { Database } from './database.ts'
import { engineOf } from './engine.ts'
import type { TurnTable } from './schema-records.ts'

/* What the content of exchanges says of them, and how that goes when the content goes: previews and titles are content. */

/** A turn that is there already is left as it is. */
export async function addTurns(db: Database, turns: readonly Insertable<TurnTable>[]): Promise<void> {
  if (turns.length === 0) return
  await db
    .insertInto('turns')
    .values(turns)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}

/** Gives a session its title; one that it has stays when `isFallback`. False when there is no such session yet. */
export async function nameSession(
  db: Database,
  { id, title, isFallback }: { readonly id: string; readonly title: string; readonly isFallback: boolean },
): Promise<boolean> {
  const session = await db.selectFrom('sessions').select('title').where('id', '=', id).executeTakeFirst()
  if (session === undefined) return false
  if (session.title !== title && !(isFallback && session.title !== null)) {
    await db.updateTable('sessions').set({ title }).where('id', '=', id).execute()
  }
  return true
}

export function forgetExchangeContent(db: Database, exchangeId: string): Promise<void> {
  return forget(db, async (tx) => {
    const turn = await tx
      .selectFrom('turns')
      .select(['session_key', 'preview', 'title'])
      .where('id', '=', exchangeId)
      .executeTakeFirst()
    if (turn === undefined) return
    await tx.updateTable('turns').set(NO_CONTENT).where('id', '=', exchangeId).execute()
    const titles = [turn.title, turn.preview].filter((title) => title !== null)
    if (turn.session_key === null || titles.length === 0) return
    // A session that is called by what was deleted has no name.
    await tx
      .updateTable('sessions')
      .set({ title: null })
      .where('id', '=', turn.session_key)
      .where('title', 'in', titles)
      .execute()
  })
}

/** Of a session on some shelves; its title goes too, wherever it was from. */
export async function forgetSessionContent(db: Database, session: string, shelves: readonly string[]): Promise<void> {
  if (shelves.length === 0) return
  await forget(db, async (tx) => {
    await tx
      .updateTable('turns')
      .set(NO_CONTENT)
      .where('session_key', '=', session)
      .where('shelf', 'in', shelves)
      .execute()
    await tx.updateTable('sessions').set({ title: null }).where('id', '=', session).execute()
  })
}

export function forgetWorkspaceContent(db: Database, workspaceId: string): Promise<void> {
  return forget(db, async (tx) => {
    const sessions = tx.selectFrom('sessions').select('id').where('workspace_id', '=', workspaceId)
    const exchanges = tx.selectFrom('exchanges').select('id').where('workspace_id', '=', workspaceId)
    await tx
      .updateTable('turns')
      .set(NO_CONTENT)
      .where((is) => is.or([is('session_key', 'in', sessions), is('id', 'in', exchanges)]))
      .execute()
    await forgetTitles(tx, namedSessions(tx).where('workspace_id', '=', workspaceId))
  })
}

/** Of everything that was kept on a shelf, except in these sessions. */
export function forgetShelfContent(db: Database, shelf: string, held: readonly string[]): Promise<void> {
  return forget(db, async (tx) => {
    const sessions = tx
      .selectFrom('turns')
      .select('session_key')
      .where('shelf', '=', shelf)
      .where('session_key', 'is not', null)
    const named = namedSessions(tx).where('id', 'in', sessions)
    await forgetTitles(tx, held.length > 0 ? named.where('id', 'not in', held) : named)
    await tx
      .updateTable('turns')
      .set(NO_CONTENT)
      .where('shelf', '=', shelf)
      .$if(held.length > 0, (update) =>
        update.where((is) => is.or([is('session_key', 'is', null), is('session_key', 'not in', held)])),
      )
      .execute()
  })
}

const NO_CONTENT = { preview: null, title: null } as const

/**
 * One transaction, because two at once would each hold rows that the other one waits for. Then SQLite's log of writes is
 * emptied: what was there before would stand in it for a while yet.
 */
async function forget(db: Database, work: (tx: Database) => Promise<void>): Promise<void> {
  await db.transaction().execute(work)
  if (engineOf(db) === 'sqlite') await sql`pragma wal_checkpoint(truncate)`.execute(db)
}

function namedSessions(db: Database) {
  return db.selectFrom('sessions').select('id').where('title', 'is not', null)
}

/** Takes the rows in the order in which the roll-ups take them, for the same reason. */
async function forgetTitles(db: Database, sessions: ReturnType<typeof namedSessions>): Promise<void> {
  const inOrder = engineOf(db) === 'postgres' ? sessions.orderBy('id').forUpdate() : sessions
  await db.updateTable('sessions').set({ title: null }).where('id', 'in', inOrder).execute()
}
