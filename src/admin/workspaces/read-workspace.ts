import { Workspace } from '../../contract/workspaces.ts'
import { route } from '../route.ts'
import { seeWorkspace } from './see-workspace.ts'
import { showWorkspaceWithUsers } from './show-member.ts'

export const readWorkspace = route({
  method: 'GET',
  path: '/admin/workspaces/:id',
  summary: 'Read a workspace with its members',
  scope: ['workspaces.read'],
  reply: Workspace,
  async handle({ caller, params }, parts) {
    const { id } = await seeWorkspace(parts.store.db, caller, params.id)
    return showWorkspaceWithUsers(parts.store.db, caller.organisationId, id, parts)
  },
})
