import type { Database } from './database.ts'

/**
 * Tells every replica that the control plane has changed. Call it in the transaction of the change itself, so that nobody
 * hears of it earlier or later. `subject` is for people who look: `key 0190…`, `integration anthropic-prod`.
 */
export async function noteChange(db: Database, now: number, subject: string): Promise<void> {
  await db.insertInto('changes').values({ at: now, subject }).execute()
}

/** Grows with every change; 0 before the first. */
export async function readRevision(db: Database): Promise<number> {
  const { revision } = await db
    .selectFrom('changes')
    .select(({ fn }) => fn.max('revision').as('revision'))
    .executeTakeFirstOrThrow()
  return (revision as number | null) ?? 0
}
