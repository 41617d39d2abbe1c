import type { Database } from '../../store/database.ts'
import { deleteLimitsOf } from '../../store/limits.ts'
import { deleteProvider, type ListedProvider } from '../../store/providers.ts'
import { findWorkspace, updateWorkspace } from '../../store/workspaces.ts'
import type { Note } from '../change.ts'
import { needsOfProvider } from '../configs/who-needs.ts'
import { conflict } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { showWorkspace } from '../workspaces/show-workspace.ts'
import { showProvider } from './show-provider.ts'

/**
 * Takes a provider away that no config and no key needs. A workspace whose default it was has none afterwards, so that the only provider left
 * serves instead.
 */
export async function removeProvider(
  tx: Database,
  organisationId: string,
  provider: ListedProvider,
  parts: Pick<AdminParts, 'clock' | 'limits' | 'trustedHosts'>,
  note: Note,
): Promise<void> {
  const { clock, trustedHosts } = parts
  const needs = await needsOfProvider(tx, organisationId, provider, trustedHosts)
  if (needs.length > 0) throw conflict(`The provider @${provider.slug} is still needed by ${needs.join(', ')}.`)
  const workspace = await findWorkspace(tx, organisationId, provider.workspaceId)
  if (workspace?.defaults.provider === `@${provider.slug}`) {
    const defaults = { ...workspace.defaults, provider: undefined }
    await updateWorkspace(tx, workspace.id, { defaults }, clock.now())
    const before = await showWorkspace(tx, workspace, parts)
    const after = await showWorkspace(tx, { ...workspace, defaults }, parts)
    note({ action: 'update', resource: 'workspace', workspaceId: workspace.id, id: workspace.id, before, after })
  }
  const before = await showProvider(tx, provider, parts)
  await deleteLimitsOf(tx, 'provider', [provider.id])
  await deleteProvider(tx, provider.id)
  note({ action: 'delete', resource: 'provider', workspaceId: provider.workspaceId, id: provider.id, before })
}
