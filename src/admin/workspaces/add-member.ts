import type { WorkspaceRole } from '../../contract/roles.ts'
import type { Database } from '../../store/database.ts'
import { findMember, insertMember } from '../../store/members.ts'
import { findUser } from '../../store/users.ts'
import type { Workspace } from '../../store/workspaces.ts'
import type { AdminCaller } from '../caller.ts'
import type { Note } from '../change.ts'
import { conflict, missing } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { requireWorkspaceRole } from '../standing.ts'
import { showMember } from './show-member.ts'

/** Makes a person, by id or e-mail address, a member; runs inside the caller's transaction. */
export async function addMember(
  tx: Database,
  caller: AdminCaller,
  workspace: Workspace,
  reference: string,
  role: WorkspaceRole,
  { clock }: Pick<AdminParts, 'clock'>,
  note: Note,
): Promise<void> {
  requireWorkspaceRole(caller, role)
  const user = await findUser(tx, workspace.organisationId, reference)
  if (user === undefined) throw missing(`The user ${reference}`)
  if ((await findMember(tx, workspace.id, user.id)) !== undefined) {
    throw conflict(`${user.email} is a member already. Change the role instead.`)
  }
  await insertMember(tx, { workspaceId: workspace.id, userId: user.id, role, joinedAt: clock.now() })
  const member = { user, role, joinedAt: clock.now() }
  note({
    action: 'create',
    resource: 'member',
    workspaceId: workspace.id,
    id: user.id,
    after: showMember(workspace.id, member),
  })
}
