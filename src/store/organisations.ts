import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'

export interface Organisation {
  readonly id: Id<'organisation'>
  readonly name: string
  readonly createdAt: number
}

export async function insertOrganisation(db: Database, { id, name, createdAt }: Organisation): Promise<void> {
  await db.insertInto('organisations').values({ id, name, created_at: createdAt }).execute()
}

/** The organisation of this gateway: the first one; undefined before the first start. */
export async function findOrganisation(db: Database): Promise<Organisation | undefined> {
  const row = await db
    .selectFrom('organisations')
    .selectAll()
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? undefined : { id: asId(row.id), name: row.name, createdAt: row.created_at }
}
