import type { Database } from '../../store/database.ts'
import { findMember, type Member } from '../../store/members.ts'
import { findUser } from '../../store/users.ts'
import type { Workspace } from '../../store/workspaces.ts'
import { missing } from '../error.ts'

/** The member of that id or e-mail address. */
export async function seeMember(db: Database, workspace: Workspace, reference: string): Promise<Member> {
  const user = await findUser(db, workspace.organisationId, reference)
  const member = user && (await findMember(db, workspace.id, user.id))
  if (member === undefined) throw missing(`The member ${reference} of the workspace ${workspace.slug}`)
  return member
}
