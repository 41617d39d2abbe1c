import { Nothing } from '../../contract/fields.ts'
import { MembersAdd } from '../../contract/workspaces.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { addMember } from './add-member.ts'
import { seeWorkspace } from './see-workspace.ts'

export const addMembers = route({
  method: 'POST',
  path: '/admin/workspaces/:id/users',
  summary: 'Make people members of a workspace: all of them, or none',
  scope: ['workspace_users.create'],
  body: MembersAdd,
  reply: Nothing,
  async handle({ caller, params, body }, parts) {
    await audited(parts, { caller, action: 'create', resource: 'member' }, async (tx, note) => {
      const workspace = await seeWorkspace(tx, caller, params.id)
      for (const { id, role } of body.users) await addMember(tx, caller, workspace, id, role, parts, note)
    })
    return {}
  },
})
