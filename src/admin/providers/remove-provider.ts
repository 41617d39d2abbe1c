import type { Database } from '../../store/database.ts'
import { deleteProvider, type ListedProvider } from '../../store/providers.ts'
import { findWorkspace, updateWorkspace } from '../../store/workspaces.ts'
import { needsOfProvider } from '../configs/who-needs.ts'
import { conflict } from '../error.ts'
import type { AdminParts } from '../parts.ts'

/**
 * Takes a provider away that no config and no key needs. A workspace whose default it was has none afterwards, so that the only provider left
 * serves instead.
 */
export async function removeProvider(
  tx: Database,
  organisationId: string,
  provider: ListedProvider,
  { clock, trustedHosts }: Pick<AdminParts, 'clock' | 'trustedHosts'>,
): Promise<void> {
  const needs = await needsOfProvider(tx, organisationId, provider, trustedHosts)
  if (needs.length > 0) throw conflict(`The provider @${provider.slug} is still needed by ${needs.join(', ')}.`)
  const workspace = await findWorkspace(tx, organisationId, provider.workspaceId)
  if (workspace?.defaults.provider === `@${provider.slug}`) {
    await updateWorkspace(tx, workspace.id, { defaults: { ...workspace.defaults, provider: undefined } }, clock.now())
  }
  await deleteProvider(tx, provider.id)
}
