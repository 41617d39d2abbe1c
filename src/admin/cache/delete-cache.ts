import { CacheForgotten, CacheQuery } from '../../contract/cache.ts'
import { route } from '../route.ts'
import { workspaceFor } from '../workspaces/see-workspace.ts'

/** The next request of each kind goes to its provider again. */
export const deleteCache = route({
  method: 'DELETE',
  path: '/cache',
  summary: 'Forget the cached answers of a workspace',
  scope: ['configs.update'],
  query: CacheQuery,
  reply: CacheForgotten,
  async handle({ caller, query }, { store, forgetAnswers }) {
    const workspace = await workspaceFor(store.db, caller, query.workspace_id)
    return { deleted: await forgetAnswers(workspace.id), object: 'cache' as const }
  },
})
