import { noteChange } from '../store/changes.ts'
import type { Database } from '../store/database.ts'
import { isDuplicate } from '../store/store-error.ts'
import { conflict } from './error.ts'
import type { AdminParts } from './parts.ts'

/**
 * Changes the control plane: all of `work` or nothing, with a note that other replicas notice. When this returns, the
 * change is in force on this one, so whoever asked may rely on it with the next request.
 */
export async function change<Result>(
  { store, directory, clock }: AdminParts,
  subject: string,
  work: (tx: Database) => Promise<Result>,
): Promise<Result> {
  const result = await store.db
    .transaction()
    .execute(async (tx) => {
      const done = await work(tx)
      await noteChange(tx, clock.now(), subject)
      return done
    })
    .catch((error: unknown) => {
      // Two requests at once can both find a name free; the database lets one of them have it.
      if (isDuplicate(error)) throw conflict('Somebody else has just taken that name. Choose another one.')
      throw error
    })
  await directory.refresh()
  return result
}
