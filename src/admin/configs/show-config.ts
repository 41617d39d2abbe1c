import type { z } from 'zod'
import type { Config, ConfigItem } from '../../contract/configs.ts'
import type { SavedConfig } from '../../store/configs.ts'
import { showMoment } from '../show-moment.ts'

export function showConfig(config: SavedConfig): z.output<typeof ConfigItem> {
  return {
    id: config.id,
    slug: config.slug,
    name: config.name,
    organisation_id: config.organisationId,
    workspace_id: config.workspaceId,
    is_default: config.isDefault ? 1 : 0,
    status: config.status,
    version_id: config.version.id,
    updated_by: config.version.createdBy,
    created_at: showMoment(config.createdAt),
    last_updated_at: showMoment(config.updatedAt),
    object: 'config',
  }
}

/** With the version of its document that is in force. */
export function showWholeConfig(config: SavedConfig): z.output<typeof Config> {
  return { ...showConfig(config), config: showDocument(config.version.document) }
}

/** Documents were checked when they were saved. */
export function showDocument(json: string): Record<string, unknown> {
  return JSON.parse(json) as Record<string, unknown>
}
