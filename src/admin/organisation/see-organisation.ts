import type { Database } from '../../store/database.ts'
import { findOrganisation, type Organisation } from '../../store/organisations.ts'
import type { AdminCaller } from '../caller.ts'
import { missing } from '../error.ts'

/** The organisation of the caller. */
export async function seeOrganisation(db: Database, caller: AdminCaller): Promise<Organisation> {
  const found = await findOrganisation(db)
  if (found?.id !== caller.organisationId) throw missing('The organisation')
  return found
}
