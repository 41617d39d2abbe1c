import type { z } from 'zod'
import type { Provider } from '../../contract/providers.ts'
import type { ListedProvider } from '../../store/providers.ts'
import { showMoment } from '../show-moment.ts'

export function showProvider(provider: ListedProvider): z.output<typeof Provider> {
  return {
    id: provider.id,
    slug: provider.slug,
    name: provider.name,
    note: provider.note,
    provider: provider.kind,
    ai_provider_name: provider.kind,
    integration_id: provider.integrationId,
    integration_slug: provider.integrationSlug,
    workspace_id: provider.workspaceId,
    workspace_slug: provider.workspaceSlug,
    workspace_name: provider.workspaceName,
    status: 'active',
    created_at: showMoment(provider.createdAt),
    last_updated_at: showMoment(provider.updatedAt),
    object: 'provider',
  }
}
