import { newId, type Id } from '../../core/ids.ts'
import type { Database } from '../../store/database.ts'
import { findProvider, insertProvider, listProviderSlugs } from '../../store/providers.ts'
import type { AdminCaller } from '../caller.ts'
import type { Note } from '../change.ts'
import { conflict } from '../error.ts'
import { freeSlug } from '../free-slug.ts'
import { setLimits, type WantedLimits } from '../limits/set-limits.ts'
import type { AdminParts } from '../parts.ts'
import { showProvider } from './show-provider.ts'

export interface NewProvider {
  readonly workspaceId: Id<'workspace'>
  readonly integrationId: Id<'integration'>
  readonly name: string
  /** Made of the name when undefined. A slug that was asked for and is taken is a conflict. */
  readonly slug: string | undefined
  readonly note: string | null
  readonly expiresAt?: number | undefined
  readonly limits?: WantedLimits
}

/** Inserts a provider and notes it; runs inside the caller's transaction. */
export async function addProvider(
  tx: Database,
  caller: AdminCaller,
  { limits = {}, ...provider }: NewProvider,
  parts: Pick<AdminParts, 'clock' | 'limits'>,
  note: Note,
): Promise<{ id: string; slug: string }> {
  const { workspaceId } = provider
  const now = parts.clock.now()
  const taken = await listProviderSlugs(tx, workspaceId)
  if (provider.slug !== undefined && taken.includes(provider.slug)) {
    throw conflict(`This workspace has a provider @${provider.slug} already. Choose another slug.`)
  }
  const id = newId<'provider'>(now)
  const slug = provider.slug ?? freeSlug(provider.name, taken)
  await insertProvider(tx, { ...provider, id, slug, createdAt: now, updatedAt: now })
  const limited = { organisationId: caller.organisationId, workspaceId, level: 'provider', subjectId: id } as const
  await setLimits(tx, caller, limited, limits, now)
  const added = await findProvider(tx, workspaceId, id)
  note({
    action: 'create',
    resource: 'provider',
    workspaceId,
    id,
    after: added && (await showProvider(tx, added, parts)),
  })
  return { id, slug }
}
