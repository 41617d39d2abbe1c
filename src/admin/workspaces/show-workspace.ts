import type { z } from 'zod'
import type { WorkspaceItem } from '../../contract/workspaces.ts'
import type { Database } from '../../store/database.ts'
import type { Workspace } from '../../store/workspaces.ts'
import { readLimits, showListed, type ShownLimits } from '../limits/show-limits.ts'
import type { AdminParts } from '../parts.ts'
import { showSettings } from '../record-rules/record-settings.ts'
import { showMoment } from '../show-moment.ts'

type ShownWorkspace = z.output<typeof WorkspaceItem>
type ShowParts = Pick<AdminParts, 'limits'>

/** Workspaces with their limits. */
export async function showWorkspaces(
  db: Database,
  workspaces: readonly Workspace[],
  { limits }: ShowParts,
): Promise<ShownWorkspace[]> {
  const ids = workspaces.map(({ id }) => id)
  const limitsOf = await readLimits(db, 'workspace', ids, limits)
  return workspaces.map((workspace) => show(workspace, limitsOf(workspace.id)))
}

export async function showWorkspace(
  db: Database,
  workspace: Workspace,
  { limits }: ShowParts,
): Promise<ShownWorkspace> {
  const limitsOf = await readLimits(db, 'workspace', [workspace.id], limits)
  return show(workspace, limitsOf(workspace.id))
}

function show(workspace: Workspace, limits: ShownLimits): ShownWorkspace {
  return {
    id: workspace.id,
    slug: workspace.slug,
    name: workspace.name,
    description: workspace.description,
    organisation_id: workspace.organisationId,
    is_default: workspace.isDefault ? 1 : 0,
    defaults: {
      provider: workspace.defaults.provider ?? null,
      config_id: workspace.defaults.config ?? null,
      user_api_key_config: workspace.defaults.userKeyConfig ?? null,
      metadata: { ...workspace.defaults.metadata },
      error_format: workspace.defaults.errorFormat ?? 'anthropic',
    },
    records: showSettings(workspace.records ?? {}),
    status: limits.isExhausted ? 'exhausted' : 'active',
    ...showListed(limits),
    created_at: showMoment(workspace.createdAt),
    last_updated_at: showMoment(workspace.updatedAt),
    object: 'workspace',
  }
}
