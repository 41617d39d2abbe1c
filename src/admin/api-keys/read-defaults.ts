import type { z } from 'zod'
import type { KeyCreate } from '../../contract/api-keys.ts'
import type { Database } from '../../store/database.ts'
import type { KeyDefaults } from '../../store/documents.ts'
import type { Workspace } from '../../store/workspaces.ts'
import { requireConfig } from '../configs/require-config.ts'
import { invalid } from '../error.ts'
import { requireProvider } from '../providers/require-provider.ts'

/** What a key says for requests that say nothing; provider and config have to exist in its workspace. */
export async function readDefaults(
  db: Database,
  workspace: Pick<Workspace, 'id' | 'organisationId'> | undefined,
  written: z.output<typeof KeyCreate>['defaults'],
): Promise<KeyDefaults> {
  const { provider, config_id: reference, metadata, allow_config_override: mayOverride, error_format } = written ?? {}
  for (const [member, value] of [['provider', provider] as const, ['config_id', reference] as const]) {
    if (workspace === undefined && typeof value === 'string') {
      throw invalid(`defaults.${member}: an organisation's key calls no models`)
    }
  }
  if (workspace !== undefined && typeof provider === 'string') await requireProvider(db, workspace.id, provider)
  const config = workspace === undefined ? undefined : await requireConfig(db, workspace, 'config_id', reference)
  return {
    provider: provider ?? undefined,
    config: config ?? undefined,
    metadata: metadata ?? {},
    allowConfigOverride: mayOverride ?? null,
    errorFormat: error_format ?? undefined,
  }
}
