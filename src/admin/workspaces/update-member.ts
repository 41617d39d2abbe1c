import { Nothing } from '../../contract/fields.ts'
import { MemberUpdate } from '../../contract/workspaces.ts'
import * as members from '../../store/members.ts'
import { fitKeys } from '../api-keys/fit-keys.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { requireWorkspaceRole } from '../standing.ts'
import { seeMember } from './see-member.ts'
import { seeWorkspace } from './see-workspace.ts'
import { showMember } from './show-member.ts'

export const updateMember = route({
  method: 'PUT',
  path: '/admin/workspaces/:id/users/:uid',
  summary: 'Change the role of a member; their keys lose what the new role may not do',
  scope: ['workspace_users.update'],
  body: MemberUpdate,
  reply: Nothing,
  async handle({ caller, params, body: { role } }, parts) {
    await audited(parts, { caller, action: 'update', resource: 'member' }, async (tx, note) => {
      const workspace = await seeWorkspace(tx, caller, params.id)
      const member = await seeMember(tx, workspace, params.uid)
      requireWorkspaceRole(caller, member.role)
      requireWorkspaceRole(caller, role)
      await members.updateMember(tx, workspace.id, member.user.id, role)
      note({
        id: member.user.id,
        workspaceId: workspace.id,
        before: showMember(workspace.id, member),
        after: showMember(workspace.id, { ...member, role }),
      })
      await fitKeys(tx, member.user.id, parts, note)
    })
    return {}
  },
})
