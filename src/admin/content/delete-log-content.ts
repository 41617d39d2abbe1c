import { Nothing } from '../../contract/fields.ts'
import { CONTENT_DELETE_SCOPE } from '../../contract/scopes.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { removeCopies } from './remove-copies.ts'
import { requireNoHold } from './require-no-hold.ts'
import { referenceOf, seeExchange } from './see-exchange.ts'

/** What later requests of the session repeat stays with those: a conversation is sent again with every turn. */
export const deleteLogContent = route({
  method: 'DELETE',
  path: '/logs/:id/content',
  summary: 'Delete the content of one request; what other requests of its session share with it stays with them',
  scope: [CONTENT_DELETE_SCOPE],
  reply: Nothing,
  async handle({ caller, params }, parts) {
    await parts.flushRecords()
    const exchange = await audited(parts, { caller, action: 'delete', resource: 'log-content' }, async (tx, note) => {
      const found = await seeExchange(tx, caller, params.id)
      const { id, workspace_id: workspaceId, user_id: userId, session_key: session, shelf } = found
      await requireNoHold(tx, caller, {
        workspaceIds: workspaceId === null ? [] : [workspaceId],
        userIds: userId === null ? [] : [userId],
        sessions: session === null ? [] : [session],
      })
      note({ id, workspaceId: workspaceId ?? undefined, before: { user_id: userId, session, shelf } })
      return found
    })
    await parts.bodies.deleteExchange(referenceOf(exchange))
    await removeCopies(parts, caller, exchange.workspace_id === null ? [] : [exchange.workspace_id])
    return {}
  },
})
