import type { Selectable } from 'kysely'
import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'
import type { ConsoleSessionTable } from './schema.ts'

export type SignInMethod = 'link' | 'password'

/** A sign-in link, or the session of a browser that has used one. Only the hash of its token is kept. */
export interface ConsoleSession {
  readonly id: Id<'console-session'>
  readonly kind: 'link' | 'session'
  readonly hash: string
  readonly userId: Id<'user'>
  /** How the session began; a link's is `link`. */
  readonly method: SignInMethod
  readonly expiresAt: number
  readonly createdAt: number
}

export async function insertConsoleSession(db: Database, session: ConsoleSession): Promise<void> {
  await db
    .insertInto('console_sessions')
    .values({
      id: session.id,
      kind: session.kind,
      hash: session.hash,
      user_id: session.userId,
      method: session.method,
      expires_at: session.expiresAt,
      used_at: null,
      created_at: session.createdAt,
    })
    .execute()
}

/** Uses a sign-in link up. Of several who hold the same link, one gets it; undefined for all others and when it is too late. */
export async function useSignInLink(db: Database, hash: string, now: number): Promise<ConsoleSession | undefined> {
  const row = await db
    .updateTable('console_sessions')
    .set({ used_at: now })
    .where('hash', '=', hash)
    .where('kind', '=', 'link')
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .returningAll()
    .executeTakeFirst()
  return row === undefined ? undefined : toConsoleSession(row)
}

/** The browser's session behind a token's hash, while it lasts. */
export async function findConsoleSession(db: Database, hash: string, now: number): Promise<ConsoleSession | undefined> {
  const row = await db
    .selectFrom('console_sessions')
    .selectAll()
    .where('hash', '=', hash)
    .where('kind', '=', 'session')
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row === undefined ? undefined : toConsoleSession(row)
}

export async function findConsoleSessionById(db: Database, id: string): Promise<ConsoleSession | undefined> {
  const row = await db.selectFrom('console_sessions').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : toConsoleSession(row)
}

export async function deleteConsoleSession(db: Database, id: string): Promise<void> {
  await db.deleteFrom('console_sessions').where('id', '=', id).execute()
}

/** Ends every session of a person and spoils their links, except for the session that asked for it. */
export async function deleteSessionsOf(db: Database, userId: string, except?: string): Promise<void> {
  const theirs = db.deleteFrom('console_sessions').where('user_id', '=', userId)
  await (except === undefined ? theirs : theirs.where('id', '<>', except)).execute()
}

/** Forgets links and sessions whose time is over. */
export async function deleteExpiredConsoleSessions(db: Database, now: number): Promise<void> {
  await db.deleteFrom('console_sessions').where('expires_at', '<=', now).execute()
}

function toConsoleSession(row: Selectable<ConsoleSessionTable>): ConsoleSession {
  return {
    id: asId(row.id),
    kind: row.kind as ConsoleSession['kind'],
    hash: row.hash,
    userId: asId(row.user_id),
    method: row.method as SignInMethod,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
  }
}
