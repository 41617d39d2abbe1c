import { newId } from '../core/ids.ts'
import type { Database } from './database.ts'

/** Something that a configuration file has made. */
export interface Applied {
  readonly kind: string
  /** How the file names it: `payments/ci`. */
  readonly reference: string
  readonly resourceId: string
}

/** Everything that the file of this name has made and not removed. */
export async function listApplied(db: Database, organisationId: string, file: string): Promise<readonly Applied[]> {
  const rows = await db
    .selectFrom('applied_resources')
    .select(['kind', 'reference', 'resource_id'])
    .where('organisation_id', '=', organisationId)
    .where('file', '=', file)
    .orderBy('reference')
    .orderBy('kind')
    .execute()
  return rows.map((row) => ({ kind: row.kind, reference: row.reference, resourceId: row.resource_id }))
}

/** Notes that the file has made this; once more is no mistake. */
export async function noteApplied(
  db: Database,
  organisationId: string,
  file: string,
  { kind, reference, resourceId }: Applied,
  now: number,
): Promise<void> {
  await db
    .insertInto('applied_resources')
    .values({
      id: newId(now),
      organisation_id: organisationId,
      file,
      kind,
      reference,
      resource_id: resourceId,
      applied_at: now,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['organisation_id', 'file', 'kind', 'reference'])
        .doUpdateSet({ resource_id: resourceId, applied_at: now }),
    )
    .execute()
}

export async function forgetApplied(
  db: Database,
  organisationId: string,
  file: string,
  { kind, reference }: Pick<Applied, 'kind' | 'reference'>,
): Promise<void> {
  await db
    .deleteFrom('applied_resources')
    .where('organisation_id', '=', organisationId)
    .where('file', '=', file)
    .where('kind', '=', kind)
    .where('reference', '=', reference)
    .execute()
}
