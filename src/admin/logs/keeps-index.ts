import { DEFAULT_RECORD_RULES, narrowRules } from '../../core/record-rules.ts'
import type { Database } from '../../store/database.ts'
import { listKeyRecords } from '../../store/keys.ts'
import { findOrganisation } from '../../store/organisations.ts'
import type { Workspace } from '../../store/workspaces.ts'

/** Whether what is said in one of these workspaces, with any key or with some, goes into the index of words now. */
export async function keepsIndex(
  db: Database,
  organisationId: string,
  workspaces: readonly Pick<Workspace, 'id' | 'records'>[],
): Promise<boolean> {
  const above = narrowRules(DEFAULT_RECORD_RULES, (await findOrganisation(db))?.settings.records ?? {})
  const keys = await listKeyRecords(db, organisationId)
  return workspaces.some(({ id, records = {} }) => {
    const rules = narrowRules(above, records)
    const among = keys.filter(({ workspaceId }) => workspaceId === id)
    return rules.searchable || among.some((key) => narrowRules(rules, key.records).searchable)
  })
}
