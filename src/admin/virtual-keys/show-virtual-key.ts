import type { z } from 'zod'
import type { VirtualKey } from '../../contract/virtual-keys.ts'
import type { Database } from '../../store/database.ts'
import { readMasks } from '../../store/documents.ts'
import { findIntegration } from '../../store/integrations.ts'
import type { ListedProvider } from '../../store/providers.ts'
import type { AdminCaller } from '../caller.ts'
import type { AdminParts } from '../parts.ts'
import { showProviders } from '../providers/show-provider.ts'

/** Providers in the shape of virtual keys. What describes the account is the integration's and stays there. */
export async function showVirtualKeys(
  db: Database,
  caller: AdminCaller,
  providers: readonly ListedProvider[],
  parts: Pick<AdminParts, 'clock' | 'limits'>,
): Promise<z.output<typeof VirtualKey>[]> {
  const shown: z.output<typeof VirtualKey>[] = []
  for (const provider of await showProviders(db, providers, parts)) {
    const integration = await findIntegration(db, caller.organisationId, provider.integration_id)
    // Whoever may not read the organisation's accounts sees what may be seen of their own workspace's.
    const isOwn = integration?.workspaceId === provider.workspace_id || caller.workspaceId === undefined
    shown.push({
      id: provider.id,
      slug: provider.slug,
      name: provider.name,
      note: provider.note,
      provider: provider.provider,
      ai_provider_name: provider.ai_provider_name,
      model_config: {},
      masked_api_key: isOwn ? (readMasks(integration?.maskedCredential ?? null)['key'] ?? null) : null,
      workspace_id: provider.workspace_id,
      status: provider.status,
      expires_at: provider.expires_at,
      usage_limits: provider.usage_limits,
      rate_limits: provider.rate_limits,
      created_at: provider.created_at,
      last_updated_at: provider.last_updated_at,
      object: 'virtual-key',
    })
  }
  return shown
}
