import type { Database } from '../../store/database.ts'
import { listProviders, type ListedProvider } from '../../store/providers.ts'
import type { AdminCaller } from '../caller.ts'
import { invalid, missing } from '../error.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'

/** The provider of that id or slug (its `@` may be written), in that workspace if one is named. */
export async function seeProvider(
  db: Database,
  caller: AdminCaller,
  reference: string,
  workspace: string | undefined,
): Promise<ListedProvider> {
  const workspaceId = await scopeOf(db, caller, workspace)
  const slug = reference.replace(/^@/, '')
  const { items } = await listProviders(db, caller.organisationId, workspaceId === undefined ? {} : { workspaceId })
  const [found, ...more] = items.filter((provider) => provider.id === reference || provider.slug === slug)
  if (found === undefined) throw missing(`The provider @${slug}`)
  if (more.length > 0)
    throw invalid(`workspace_id: is required, because more than one workspace has a provider @${slug}`)
  return found
}
