import { Nothing } from '../../contract/fields.ts'
import { WORKSPACE_ROLE_SCOPES, type WorkspaceRole } from '../../contract/roles.ts'
import { MemberUpdate } from '../../contract/workspaces.ts'
import type { Database } from '../../store/database.ts'
import { listKeysOf, updateKey } from '../../store/keys.ts'
import * as members from '../../store/members.ts'
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
      if (member.user.role === 'member') await narrowKeys(tx, workspace.id, member.user.id, role, parts.clock.now())
      note({
        id: member.user.id,
        workspaceId: workspace.id,
        before: showMember(workspace.id, member),
        after: showMember(workspace.id, { ...member, role }),
      })
    })
    return {}
  },
})

/** A key that was made with more rights must not be a way to keep them. */
async function narrowKeys(
  tx: Database,
  workspaceId: string,
  userId: string,
  role: WorkspaceRole,
  now: number,
): Promise<void> {
  const allowed = WORKSPACE_ROLE_SCOPES[role]
  for (const key of await listKeysOf(tx, userId, workspaceId)) {
    const scopes = key.scopes.filter((scope) => allowed.has(scope))
    if (scopes.length < key.scopes.length) await updateKey(tx, key.id, { scopes }, now)
  }
}
