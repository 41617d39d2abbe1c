import type { z } from 'zod'
import type { WorkspaceItem } from '../../contract/workspaces.ts'
import type { Workspace } from '../../store/workspaces.ts'
import { showMoment } from '../show-moment.ts'

export function showWorkspace(workspace: Workspace): z.output<typeof WorkspaceItem> {
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
    status: 'active',
    created_at: showMoment(workspace.createdAt),
    last_updated_at: showMoment(workspace.updatedAt),
    object: 'workspace',
  }
}
