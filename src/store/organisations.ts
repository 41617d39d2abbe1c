import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'
import { readOrganisationSettings, writeOrganisationSettings, type OrganisationSettings } from './documents.ts'

export interface Organisation {
  readonly id: Id<'organisation'>
  readonly name: string
  readonly settings: OrganisationSettings
  readonly createdAt: number
}

/** A new one has decided nothing yet. */
export async function insertOrganisation(
  db: Database,
  { id, name, createdAt }: Omit<Organisation, 'settings'>,
): Promise<void> {
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
  if (row === undefined) return undefined
  return {
    id: asId(row.id),
    name: row.name,
    settings: readOrganisationSettings(row.settings),
    createdAt: row.created_at,
  }
}

export async function updateOrganisation(
  db: Database,
  id: string,
  { name, settings }: Pick<Organisation, 'name' | 'settings'>,
): Promise<void> {
  await db
    .updateTable('organisations')
    .set({ name, settings: writeOrganisationSettings(settings) })
    .where('id', '=', id)
    .execute()
}
