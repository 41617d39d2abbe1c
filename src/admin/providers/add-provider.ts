import { newId, type Id } from '../../core/ids.ts'
import type { Database } from '../../store/database.ts'
import { insertProvider } from '../../store/providers.ts'
import { conflict } from '../error.ts'
import { freeSlug } from '../free-slug.ts'

export interface NewProvider {
  readonly workspaceId: Id<'workspace'>
  readonly integrationId: Id<'integration'>
  readonly name: string
  /** Made of the name when undefined. A slug that was asked for and is taken is a conflict. */
  readonly slug: string | undefined
  readonly note: string | null
}

/** Inserts a provider; runs inside the caller's transaction. */
export async function addProvider(
  tx: Database,
  provider: NewProvider,
  now: number,
): Promise<{ id: string; slug: string }> {
  const rows = await tx
    .selectFrom('providers')
    .select('slug')
    .where('workspace_id', '=', provider.workspaceId)
    .execute()
  const taken = rows.map((row) => row.slug)
  if (provider.slug !== undefined && taken.includes(provider.slug)) {
    throw conflict(`This workspace has a provider @${provider.slug} already. Choose another slug.`)
  }
  const id = newId<'provider'>(now)
  const slug = provider.slug ?? freeSlug(provider.name, taken)
  await insertProvider(tx, { ...provider, id, slug, createdAt: now, updatedAt: now })
  return { id, slug }
}
