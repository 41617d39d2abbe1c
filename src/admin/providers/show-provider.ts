import type { z } from 'zod'
import type { Provider } from '../../contract/providers.ts'
import type { Database } from '../../store/database.ts'
import type { ListedProvider } from '../../store/providers.ts'
import { readLimits, showSingle, type ShownLimits } from '../limits/show-limits.ts'
import type { AdminParts } from '../parts.ts'
import { showMoment } from '../show-moment.ts'

type ShownProvider = z.output<typeof Provider>
type ShowParts = Pick<AdminParts, 'clock' | 'limits'>

/** Providers with their limits. */
export async function showProviders(
  db: Database,
  providers: readonly ListedProvider[],
  { clock, limits }: ShowParts,
): Promise<ShownProvider[]> {
  const ids = providers.map(({ id }) => id)
  const limitsOf = await readLimits(db, 'provider', ids, limits)
  return providers.map((provider) => show(provider, limitsOf(provider.id), clock.now()))
}

export async function showProvider(
  db: Database,
  provider: ListedProvider,
  { clock, limits }: ShowParts,
): Promise<ShownProvider> {
  const limitsOf = await readLimits(db, 'provider', [provider.id], limits)
  return show(provider, limitsOf(provider.id), clock.now())
}

function show(provider: ListedProvider, limits: ShownLimits, now: number): ShownProvider {
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
    status: statusOf(provider, limits, now),
    expires_at: showMoment(provider.expiresAt ?? null),
    ...showSingle(limits),
    created_at: showMoment(provider.createdAt),
    last_updated_at: showMoment(provider.updatedAt),
    object: 'provider',
  }
}

function statusOf({ expiresAt }: ListedProvider, { isExhausted }: ShownLimits, now: number): ShownProvider['status'] {
  if (expiresAt !== undefined && expiresAt <= now) return 'expired'
  return isExhausted ? 'exhausted' : 'active'
}
