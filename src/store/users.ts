import type { Selectable } from 'kysely'
import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'
import type { Page, Window } from './page.ts'
import type { UserTable } from './schema.ts'

export type OrganisationRole = 'owner' | 'admin' | 'member'
export type WorkspaceRole = 'admin' | 'manager' | 'member'

export interface User {
  readonly id: Id<'user'>
  readonly organisationId: Id<'organisation'>
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  readonly role: OrganisationRole
  readonly createdAt: number
  readonly updatedAt: number
}

/** A user as one workspace knows them. */
export interface Member {
  readonly user: User
  readonly role: WorkspaceRole
  /** When they joined the workspace. */
  readonly joinedAt: number
}

export interface UserFilter {
  readonly email?: string
  readonly role?: OrganisationRole
}

export async function insertUser(db: Database, user: User): Promise<void> {
  await db
    .insertInto('users')
    .values({
      id: user.id,
      organisation_id: user.organisationId,
      email: user.email,
      first_name: user.firstName,
      last_name: user.lastName,
      role: user.role,
      created_at: user.createdAt,
      updated_at: user.updatedAt,
    })
    .execute()
}

/** By id or e-mail address, within one organisation. */
export async function findUser(db: Database, organisationId: string, idOrEmail: string): Promise<User | undefined> {
  const row = await db
    .selectFrom('users')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where((is) => is.or([is('id', '=', idOrEmail), is('email', '=', idOrEmail)]))
    .executeTakeFirst()
  return row === undefined ? undefined : toUser(row)
}

/** The owner who has been here longest: the one a sign-in link is for. */
export async function findFirstOwner(db: Database, organisationId: string): Promise<User | undefined> {
  const row = await db
    .selectFrom('users')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('role', '=', 'owner')
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? undefined : toUser(row)
}

export async function listUsers(
  db: Database,
  organisationId: string,
  filter: UserFilter = {},
  window: Window = { offset: 0, limit: 1000 },
): Promise<Page<User>> {
  let matching = db.selectFrom('users').where('organisation_id', '=', organisationId)
  if (filter.email !== undefined) matching = matching.where('email', '=', filter.email)
  if (filter.role !== undefined) matching = matching.where('role', '=', filter.role)
  const rows = await matching
    .selectAll()
    .orderBy('created_at')
    .orderBy('id')
    .offset(window.offset)
    .limit(window.limit)
    .execute()
  const { total } = await matching.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  return { items: rows.map(toUser), total }
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

function toUser(row: Selectable<UserTable>): User {
  return {
    id: asId(row.id),
    organisationId: asId(row.organisation_id),
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    role: row.role as OrganisationRole,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
