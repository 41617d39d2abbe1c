import { Nothing } from '../../contract/fields.ts'
import { WorkspaceDelete } from '../../contract/workspaces.ts'
import * as workspaces from '../../store/workspaces.ts'
import { audited } from '../change.ts'
import { conflict, invalid } from '../error.ts'
import { route } from '../route.ts'
import { seeWorkspace } from './see-workspace.ts'
import { showWorkspace } from './show-workspace.ts'

/** What was recorded and paid for stays; keys are refused with the next request. */
export const deleteWorkspace = route({
  method: 'DELETE',
  path: '/admin/workspaces/:id',
  summary: 'Remove a workspace: an empty one, or with force_delete what is in it too',
  scope: ['workspaces.delete'],
  body: WorkspaceDelete,
  reply: Nothing,
  async handle({ caller, params, body: { name, force_delete: force = false } }, parts) {
    await audited(parts, { caller, action: 'delete', resource: 'workspace' }, async (tx, note) => {
      const workspace = await seeWorkspace(tx, caller, params.id)
      if (name !== workspace.name) throw invalid('name: has to be the name of the workspace, so that it is not another')
      if (workspace.isDefault) throw conflict('This is the default workspace, and there is always one.')
      const left = Object.entries(await workspaces.countContents(tx, workspace.id)).filter(([, count]) => count > 0)
      if (left.length > 0 && !force) {
        const what = left.map(([things, count]) => `${things} (${count})`).join(', ')
        throw conflict(`In this workspace there are still ${what}. Remove them, or say force_delete: true.`)
      }
      note({ id: workspace.id, workspaceId: workspace.id, before: await showWorkspace(tx, workspace, parts) })
      await workspaces.deleteWorkspace(tx, workspace.id, parts.clock.now())
    })
    return {}
  },
})
