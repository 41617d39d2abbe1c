import type { z } from 'zod'
import { Workspace, type WorkspaceMember } from '../../contract/workspaces.ts'
import { listMembers, type Member } from '../../store/members.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { seeWorkspace } from './see-workspace.ts'
import { showWorkspace } from './show-workspace.ts'

export const readWorkspace = route({
  method: 'GET',
  path: '/admin/workspaces/:id',
  summary: 'Read a workspace with its members',
  scope: ['workspaces.read'],
  reply: Workspace,
  async handle({ caller, params }, parts) {
    const { store } = parts
    const workspace = await seeWorkspace(store.db, caller, params.id)
    const members = await listMembers(store.db, workspace.id)
    return {
      ...(await showWorkspace(store.db, workspace, parts)),
      users: members.map(showMember),
    }
  },
})

function showMember({ user, role, joinedAt }: Member): z.output<typeof WorkspaceMember> {
  return {
    id: user.id,
    first_name: user.firstName,
    last_name: user.lastName,
    email: user.email,
    org_role: user.role,
    role,
    status: 'active',
    created_at: showMoment(joinedAt),
    object: 'workspace-user',
  }
}
