import { Nothing } from '../../contract/fields.ts'
import * as members from '../../store/members.ts'
import { fitKeys } from '../api-keys/fit-keys.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { requireWorkspaceRole } from '../standing.ts'
import { seeMember } from './see-member.ts'
import { seeWorkspace } from './see-workspace.ts'
import { showMember } from './show-member.ts'

export const deleteMember = route({
  method: 'DELETE',
  path: '/admin/workspaces/:id/users/:uid',
  summary: 'Take somebody out of a workspace; their keys there are revoked',
  scope: ['workspace_users.delete'],
  reply: Nothing,
  async handle({ caller, params }, parts) {
    await audited(parts, { caller, action: 'delete', resource: 'member' }, async (tx, note) => {
      const workspace = await seeWorkspace(tx, caller, params.id)
      const member = await seeMember(tx, workspace, params.uid)
      requireWorkspaceRole(caller, member.role)
      await members.deleteMember(tx, workspace.id, member.user.id)
      note({ id: member.user.id, workspaceId: workspace.id, before: showMember(workspace.id, member) })
      await fitKeys(tx, member.user.id, parts, note)
    })
    return {}
  },
})
