import type { Selectable } from 'kysely'
import { foldAddress } from '../core/fold-name.ts'
import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'
import { type Page, type Window, readPage } from './page.ts'
import type { UserTable } from './schema.ts'

export type OrganisationRole = 'owner' | 'admin' | 'member'
/** Somebody who is suspended keeps everything and can use nothing of it. */
export type UserStatus = 'active' | 'suspended'

export interface User {
  readonly id: Id<'user'>
  readonly organisationId: Id<'organisation'>
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  readonly role: OrganisationRole
  readonly status: UserStatus
  /** Whether they may sign in with a password; the hash itself is read where it is compared. */
  readonly hasPassword: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

export interface UserFilter {
  readonly email?: string
  readonly role?: OrganisationRole
}

/** Members that are left out stay as they are. */
export interface UserPatch {
  readonly firstName?: string
  readonly lastName?: string
  readonly role?: OrganisationRole
  readonly status?: UserStatus
  readonly passwordHash?: string
}

/** Who is new: active, and with a link as their only way in. */
export type NewUser = Omit<User, 'status' | 'hasPassword'>

export async function insertUser(db: Database, user: NewUser): Promise<void> {
  await db
    .insertInto('users')
    .values({
      id: user.id,
      organisation_id: user.organisationId,
      email: foldAddress(user.email),
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
    .where((is) => is.or([is('id', '=', idOrEmail), is('email', '=', foldAddress(idOrEmail))]))
    .executeTakeFirst()
  return row === undefined ? undefined : toUser(row)
}

export async function findUserById(db: Database, id: string): Promise<User | undefined> {
  const row = await db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : toUser(row)
}

/** The owner who has been here longest and is not suspended: the one a sign-in link is for. */
export async function findFirstOwner(db: Database, organisationId: string): Promise<User | undefined> {
  const row = await db
    .selectFrom('users')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('role', '=', 'owner')
    .where('status', '=', 'active')
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
  if (filter.email !== undefined) matching = matching.where('email', '=', foldAddress(filter.email))
  if (filter.role !== undefined) matching = matching.where('role', '=', filter.role)
  return await readPage(matching.selectAll().orderBy('created_at').orderBy('id'), window, toUser)
}

export async function updateUser(db: Database, id: string, patch: UserPatch, now: number): Promise<void> {
  await db
    .updateTable('users')
    .set({
      ...(patch.firstName === undefined ? {} : { first_name: patch.firstName }),
      ...(patch.lastName === undefined ? {} : { last_name: patch.lastName }),
      ...(patch.role === undefined ? {} : { role: patch.role }),
      ...(patch.status === undefined ? {} : { status: patch.status }),
      ...(patch.passwordHash === undefined ? {} : { password_hash: patch.passwordHash }),
      updated_at: now,
    })
    .where('id', '=', id)
    .execute()
}

/** Memberships, sessions and links go with them; keys have to be let go of before (`releaseKeysOf`). */
export async function deleteUser(db: Database, id: string): Promise<void> {
  await db.deleteFrom('users').where('id', '=', id).execute()
}

/** What somebody's password is compared with; undefined for who has none. */
export async function readPasswordHash(db: Database, userId: string): Promise<string | undefined> {
  const row = await db.selectFrom('users').select('password_hash').where('id', '=', userId).executeTakeFirst()
  return row?.password_hash ?? undefined
}

/** Owners who can sign in. There is always one. */
export async function countActiveOwners(db: Database, organisationId: string): Promise<number> {
  const { count } = await db
    .selectFrom('users')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('organisation_id', '=', organisationId)
    .where('role', '=', 'owner')
    .where('status', '=', 'active')
    .executeTakeFirstOrThrow()
  return count
}

export function toUser(row: Selectable<UserTable>): User {
  return {
    id: asId(row.id),
    organisationId: asId(row.organisation_id),
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    role: row.role as OrganisationRole,
    status: row.status as UserStatus,
    hasPassword: row.password_hash !== null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
