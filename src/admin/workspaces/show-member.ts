import type { z } from 'zod'
import { WORKSPACE_ROLE_SCOPES } from '../../contract/roles.ts'
import type { Workspace as WorkspaceAnswer, WorkspaceMember } from '../../contract/workspaces.ts'
import type { Database } from '../../store/database.ts'
import { listMembers, type Member } from '../../store/members.ts'
import { findWorkspace } from '../../store/workspaces.ts'
import type { AdminParts } from '../parts.ts'
import { showMoment } from '../show-moment.ts'
import { missing } from '../error.ts'
import { showWorkspace } from './show-workspace.ts'

export function showMember(workspaceId: string, { user, role, joinedAt }: Member): z.output<typeof WorkspaceMember> {
  return {
    id: user.id,
    first_name: user.firstName,
    last_name: user.lastName,
    email: user.email,
    org_role: user.role,
    role,
    status: user.status,
    workspace_id: workspaceId,
    scopes: [...WORKSPACE_ROLE_SCOPES[role]],
    created_at: showMoment(joinedAt),
    last_updated_at: showMoment(joinedAt),
    object: 'workspace-user',
  }
}

/** A workspace with everybody in it. */
export async function showWorkspaceWithUsers(
  db: Database,
  organisationId: string,
  id: string,
  parts: Pick<AdminParts, 'limits'>,
): Promise<z.output<typeof WorkspaceAnswer>> {
  const workspace = await findWorkspace(db, organisationId, id)
  if (workspace === undefined) throw missing(`The workspace ${id}`)
  const members = await listMembers(db, workspace.id)
  return {
    ...(await showWorkspace(db, workspace, parts)),
    users: members.map((member) => showMember(workspace.id, member)),
  }
}
