import type { Selectable } from 'kysely'
import type { Database } from './database.ts'
import type { LegalHoldTable } from './schema-records.ts'

/** Whose content stays until the hold ends. */
export interface LegalHold {
  readonly id: string
  readonly organisationId: string
  readonly subject: 'session' | 'user' | 'workspace'
  readonly subjectId: string
  readonly reason: string
  /** Of a person or a key; null for the administrator's key of the environment. */
  readonly createdBy: string | null
  readonly createdAt: number
}

export async function insertLegalHold(db: Database, hold: LegalHold): Promise<void> {
  await db
    .insertInto('legal_holds')
    .values({
      id: hold.id,
      organisation_id: hold.organisationId,
      subject_kind: hold.subject,
      subject_id: hold.subjectId,
      reason: hold.reason,
      created_by: hold.createdBy,
      created_at: hold.createdAt,
    })
    .execute()
}

/** Newest first. There are few: lawyers ask for them. */
export async function listLegalHolds(db: Database, organisationId: string): Promise<readonly LegalHold[]> {
  const rows = await db
    .selectFrom('legal_holds')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .execute()
  return rows.map(toHold)
}

export async function deleteLegalHold(db: Database, id: string): Promise<void> {
  await db.deleteFrom('legal_holds').where('id', '=', id).execute()
}

/** Content that somebody is about to take away. */
export interface Held {
  readonly workspaceIds: readonly string[]
  readonly userIds: readonly string[]
  /** Those that are about to go; undefined where it is all of the workspaces. */
  readonly sessions: readonly string[] | undefined
}

/** A hold that such content is under: of a session, or of the person or workspace that it is of. */
export async function findLegalHold(
  db: Database,
  organisationId: string,
  { workspaceIds, userIds, sessions }: Held,
): Promise<LegalHold | undefined> {
  const holds = await listLegalHolds(db, organisationId)
  const held = holds.filter(({ subject }) => subject === 'session').map(({ subjectId }) => subjectId)
  const inside = sessions ?? (await sessionsOf(db, held, workspaceIds))
  return holds.find(({ subject, subjectId }) => {
    if (subject === 'session') return inside.includes(subjectId)
    return (subject === 'user' ? userIds : workspaceIds).includes(subjectId)
  })
}

/** Of some sessions those that are of these workspaces. */
async function sessionsOf(
  db: Database,
  sessions: readonly string[],
  workspaceIds: readonly string[],
): Promise<readonly string[]> {
  if (sessions.length === 0) return []
  const rows = await db
    .selectFrom('sessions')
    .select('id')
    .where('id', 'in', sessions)
    .where('workspace_id', 'in', workspaceIds)
    .execute()
  return rows.map(({ id }) => id)
}

function toHold(row: Selectable<LegalHoldTable>): LegalHold {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    // Only these three are ever written.
    subject: row.subject_kind as LegalHold['subject'],
    subjectId: row.subject_id,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
  }
}
