import type { z } from 'zod'
import type { IntegrationItem } from '../../contract/integrations.ts'
import type { Integration } from '../../store/integrations.ts'
import { showMoment } from '../show-moment.ts'

export function showIntegration(integration: Integration): z.output<typeof IntegrationItem> {
  return {
    id: integration.id,
    slug: integration.slug,
    name: integration.name,
    description: integration.description,
    organisation_id: integration.organisationId,
    workspace_id: integration.workspaceId ?? null,
    ai_provider_id: integration.kind,
    status: 'active',
    created_at: showMoment(integration.createdAt),
    last_updated_at: showMoment(integration.updatedAt),
    object: 'integration',
  }
}
