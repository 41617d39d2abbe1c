import { WorkspaceMember } from '../../contract/workspaces.ts'
import { route } from '../route.ts'
import { seeMember } from './see-member.ts'
import { seeWorkspace } from './see-workspace.ts'
import { showMember } from './show-member.ts'

export const readMember = route({
  method: 'GET',
  path: '/admin/workspaces/:id/users/:uid',
  summary: 'Read a member of a workspace',
  scope: ['workspace_users.read'],
  reply: WorkspaceMember,
  async handle({ caller, params }, { store }) {
    const workspace = await seeWorkspace(store.db, caller, params.id)
    return showMember(workspace.id, await seeMember(store.db, workspace, params.uid))
  },
})
