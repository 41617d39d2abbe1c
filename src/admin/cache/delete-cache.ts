import { CacheForgotten, CacheQuery } from '../../contract/cache.ts'
import { audited } from '../change.ts'
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
  async handle({ caller, query }, parts) {
    const { id } = await workspaceFor(parts.store.db, caller, query.workspace_id)
    const deleted = await parts.forgetAnswers(id)
    const act = { caller, action: 'forget', resource: 'cache', workspaceId: id }
    await audited(parts, act, async (_tx, note) => note({ id, before: { answers: deleted } }))
    return { deleted, object: 'cache' as const }
  },
})
