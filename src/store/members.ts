import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'
import { toUser, type User } from './users.ts'

export type WorkspaceRole = 'admin' | 'manager' | 'member'

/** A user as one workspace knows them. */
export interface Member {
  readonly user: User
  readonly role: WorkspaceRole
  /** When they joined the workspace. */
  readonly joinedAt: number
}

/** A workspace as one person knows it. */
export interface Membership {
  readonly workspaceId: Id<'workspace'>
  readonly slug: string
  readonly name: string
  readonly role: WorkspaceRole
}

export async function insertMember(
  db: Database,
  member: {
    readonly workspaceId: string
    readonly userId: string
    readonly role: WorkspaceRole
    readonly joinedAt: number
  },
): Promise<void> {
  await db
    .insertInto('workspace_members')
    .values({
      workspace_id: member.workspaceId,
      user_id: member.userId,
      role: member.role,
      created_at: member.joinedAt,
    })
    .execute()
}

export async function listMembers(db: Database, workspaceId: string): Promise<readonly Member[]> {
  const rows = await db
    .selectFrom('workspace_members')
    .innerJoin('users', 'users.id', 'workspace_members.user_id')
    .where('workspace_members.workspace_id', '=', workspaceId)
    .selectAll('users')
    .select(['workspace_members.role as workspace_role', 'workspace_members.created_at as joined_at'])
    .orderBy('workspace_members.created_at')
    .orderBy('users.id')
    .execute()
  return rows.map((row) => ({
    user: toUser(row),
    role: row.workspace_role as WorkspaceRole,
    joinedAt: row.joined_at,
  }))
}

/** The workspaces that each of these users is a member of, by user id. */
export async function listWorkspaceIds(
  db: Database,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Id<'workspace'>[]>> {
  const found = new Map<string, Id<'workspace'>[]>()
  if (userIds.length === 0) return found
  const rows = await db
    .selectFrom('workspace_members')
    .select(['user_id', 'workspace_id'])
    .where('user_id', 'in', userIds)
    .orderBy('created_at')
    .execute()
  for (const row of rows) {
    const workspaces = found.get(row.user_id) ?? []
    workspaces.push(asId(row.workspace_id))
    found.set(row.user_id, workspaces)
  }
  return found
}

/** One person in one workspace; undefined when they are no member. */
export async function findMember(db: Database, workspaceId: string, userId: string): Promise<Member | undefined> {
  return (await listMembers(db, workspaceId)).find(({ user }) => user.id === userId)
}

/** Whether a person has to do with a workspace: as a member, or by a key that is or was theirs there. */
export async function worksIn(db: Database, workspaceId: string, userId: string): Promise<boolean> {
  const member = await db
    .selectFrom('workspace_members')
    .select('user_id')
    .where('workspace_id', '=', workspaceId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  if (member !== undefined) return true
  const key = await db
    .selectFrom('api_keys')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return key !== undefined
}

export async function updateMember(
  db: Database,
  workspaceId: string,
  userId: string,
  role: WorkspaceRole,
): Promise<void> {
  await db
    .updateTable('workspace_members')
    .set({ role })
    .where('workspace_id', '=', workspaceId)
    .where('user_id', '=', userId)
    .execute()
}

export async function deleteMember(db: Database, workspaceId: string, userId: string): Promise<void> {
  await db
    .deleteFrom('workspace_members')
    .where('workspace_id', '=', workspaceId)
    .where('user_id', '=', userId)
    .execute()
}

/** The workspaces of one person, the oldest membership first. */
export async function listMemberships(db: Database, userId: string): Promise<readonly Membership[]> {
  const rows = await db
    .selectFrom('workspace_members')
    .innerJoin('workspaces', 'workspaces.id', 'workspace_members.workspace_id')
    .select(['workspaces.id', 'workspaces.slug', 'workspaces.name', 'workspace_members.role'])
    .where('workspace_members.user_id', '=', userId)
    .orderBy('workspace_members.created_at')
    .orderBy('workspaces.id')
    .execute()
  return rows.map(({ id, slug, name, role }) => ({ workspaceId: asId(id), slug, name, role: role as WorkspaceRole }))
}
