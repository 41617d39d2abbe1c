import { ContentDeleted } from '../../contract/records.ts'
import { CONTENT_DELETE_SCOPE } from '../../contract/scopes.ts'
import { findSessionScope } from '../../store/content-scopes.ts'
import { audited } from '../change.ts'
import { seeCodingSession } from '../coding-sessions/see-coding-session.ts'
import { route } from '../route.ts'
import { removeCopies } from './remove-copies.ts'
import { requireNoHold } from './require-no-hold.ts'

/** The entry comes first: should the gateway stop in between, it is known that somebody wanted this, and it can be asked again. */
export const deleteSessionContent = route({
  method: 'DELETE',
  path: '/sessions/:id',
  summary: 'Delete the content of a session; what it came to stays',
  scope: [CONTENT_DELETE_SCOPE],
  reply: ContentDeleted,
  async handle({ caller, params }, parts) {
    await parts.flushRecords()
    const { scope, workspaceId } = await audited(
      parts,
      { caller, action: 'delete', resource: 'session-content' },
      async (tx, note) => {
        const { session } = await seeCodingSession(tx, caller, params.id)
        const { id, workspace_id: workspaceId, user_id: userId } = session
        const userIds = userId === null ? [] : [userId]
        await requireNoHold(tx, caller, { workspaceIds: [workspaceId], userIds, sessions: [id] })
        const found = await findSessionScope(tx, id)
        note({ id, workspaceId, before: { user_id: userId, shelves: found?.shelves ?? [] } })
        return { scope: found, workspaceId }
      },
    )
    if (scope !== undefined) await parts.bodies.deleteScope(workspaceId, scope.scope, scope.shelves)
    await removeCopies(parts, caller, [workspaceId])
    return { object: 'content-deleted' as const, scopes: scope === undefined ? 0 : 1 }
  },
})
