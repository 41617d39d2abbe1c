import { RecordRules, RecordRulesQuery } from '../../contract/records.ts'
import { BUILT_IN_RULES } from '../../core/masking/built-in.ts'
import type { RecordSettings } from '../../core/record-rules.ts'
import { type ApiKey, findKey } from '../../store/keys.ts'
import type { Database } from '../../store/database.ts'
import { findWorkspace } from '../../store/workspaces.ts'
import { seeKey } from '../api-keys/see-key.ts'
import type { AdminCaller } from '../caller.ts'
import { seeOrganisation } from '../organisation/see-organisation.ts'
import { route } from '../route.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'
import { tellRules, type RulesLevel } from './tell-rules.ts'

/** Everybody may know what is kept of what they write. */
export const readRecordRules = route({
  method: 'GET',
  path: '/records/settings',
  summary: 'Say what is kept of requests, for how long, and which level says so',
  scope: ['logs.view', 'logs.read', 'workspaces.read', 'organisation_settings.read', 'completions.write'],
  query: RecordRulesQuery,
  reply: RecordRules,
  async handle({ caller, query: { workspace_id: workspace, key: id } }, { store }) {
    const { db } = store
    const organisation = await seeOrganisation(db, caller)
    const key = id === undefined ? undefined : await findSubject(db, caller, id)
    const workspaceId = key?.workspaceId ?? (await scopeOf(db, caller, workspace))
    return {
      object: 'record-rules' as const,
      in_force: tellRules(await readLevels(db, caller, workspaceId, key)),
      row_days: organisation.settings.rowDays ?? null,
      built_in: Object.entries(BUILT_IN_RULES).map(([name, { description, isSecret }]) => ({
        name,
        description,
        always: isSecret,
      })),
    }
  },
})

/** What organisation, workspace and key say of content, the highest first. */
export async function readLevels(
  db: Database,
  caller: AdminCaller,
  workspaceId: string | undefined,
  key: Pick<ApiKey, 'records'> | undefined,
): Promise<Parameters<typeof tellRules>[0]> {
  const { settings } = await seeOrganisation(db, caller)
  const workspace = workspaceId === undefined ? undefined : await findWorkspace(db, caller.organisationId, workspaceId)
  const levels: readonly (readonly [RulesLevel, RecordSettings | undefined])[] = [
    ['organisation', settings.records],
    ['workspace', workspace?.records],
    ['key', key?.records],
  ]
  return levels.map(([level, said]) => [level, said ?? {}] as const)
}

async function findSubject(db: Database, caller: AdminCaller, id: string): Promise<ApiKey> {
  const own = id === caller.keyId ? await findKey(db, caller.organisationId, id) : undefined
  return own ?? (await seeKey(db, caller, id, 'read'))
}
