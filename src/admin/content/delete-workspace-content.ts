import { Nothing } from '../../contract/fields.ts'
import { CONTENT_DELETE_SCOPE } from '../../contract/scopes.ts'
import { listUsersOfWorkspace } from '../../store/content-scopes.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { seeWorkspace } from '../workspaces/see-workspace.ts'
import { removeCopies } from './remove-copies.ts'
import { requireNoHold } from './require-no-hold.ts'

/** Its key is destroyed: no copy of the content can be read any more, wherever it lies. What comes after has a new key. */
export const deleteWorkspaceContent = route({
  method: 'DELETE',
  path: '/admin/workspaces/:id/content',
  summary: 'Destroy all content of a workspace; what it came to stays',
  scope: [CONTENT_DELETE_SCOPE],
  reply: Nothing,
  async handle({ caller, params }, parts) {
    await parts.flushRecords()
    const id = await audited(parts, { caller, action: 'delete', resource: 'workspace-content' }, async (tx, note) => {
      const workspace = await seeWorkspace(tx, caller, params.id)
      const userIds = await listUsersOfWorkspace(tx, workspace.id)
      await requireNoHold(tx, caller, { workspaceIds: [workspace.id], userIds, sessions: undefined })
      note({ id: workspace.id, workspaceId: workspace.id, before: { slug: workspace.slug } })
      return workspace.id
    })
    await parts.bodies.shred(id)
    await removeCopies(parts, caller, [id])
    return {}
  },
})
