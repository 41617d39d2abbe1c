import type { Selectable } from 'kysely'
import { foldAddress } from '../core/fold-name.ts'
import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'
import type { WorkspaceRole } from './members.ts'
import { type Page, type Window, readPage } from './page.ts'
import type { InviteTable } from './schema.ts'
import type { OrganisationRole } from './users.ts'

/** Somebody who may become a user by opening a link. Only the hash of the link's token is kept. */
export interface Invite {
  readonly id: Id<'invite'>
  readonly organisationId: Id<'organisation'>
  readonly email: string
  readonly role: OrganisationRole
  /** Where they will be a member, and as what. */
  readonly workspaces: readonly InvitedWorkspace[]
  /** The key that each of these workspaces gives them; undefined when none does. */
  readonly key: InvitedKey | undefined
  readonly hash: string
  readonly status: 'pending' | 'accepted' | 'cancelled'
  /** Id of the user or key that invited. */
  readonly invitedBy: string | undefined
  /** Who it has made. */
  readonly userId: Id<'user'> | undefined
  readonly expiresAt: number
  readonly acceptedAt: number | undefined
  readonly createdAt: number
}

export interface InvitedWorkspace {
  readonly id: string
  readonly role: WorkspaceRole
}

export interface InvitedKey {
  /** Undefined: it is called after its owner. */
  readonly name: string | undefined
  readonly scopes: readonly string[]
}

export interface InviteFilter {
  readonly email?: string
  readonly role?: OrganisationRole
  /** `expired` and `pending` are judged at `now`. */
  readonly status?: Invite['status'] | 'expired'
}

export async function insertInvite(db: Database, invite: Invite): Promise<void> {
  await db
    .insertInto('invites')
    .values({
      id: invite.id,
      organisation_id: invite.organisationId,
      email: foldAddress(invite.email),
      role: invite.role,
      workspaces: JSON.stringify(invite.workspaces),
      key_details: invite.key === undefined ? null : JSON.stringify(invite.key),
      hash: invite.hash,
      status: invite.status,
      invited_by: invite.invitedBy ?? null,
      user_id: invite.userId ?? null,
      expires_at: invite.expiresAt,
      accepted_at: invite.acceptedAt ?? null,
      created_at: invite.createdAt,
    })
    .execute()
}

export async function findInvite(db: Database, organisationId: string, id: string): Promise<Invite | undefined> {
  const row = await db
    .selectFrom('invites')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : toInvite(row)
}

/** The invite behind a link, while it can be accepted. */
export async function findOpenInvite(db: Database, hash: string, now: number): Promise<Invite | undefined> {
  const row = await db
    .selectFrom('invites')
    .selectAll()
    .where('hash', '=', hash)
    .where('status', '=', 'pending')
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row === undefined ? undefined : toInvite(row)
}

/** Newest first. */
export async function listInvites(
  db: Database,
  organisationId: string,
  filter: InviteFilter,
  window: Window,
  now: number,
): Promise<Page<Invite>> {
  let matching = db.selectFrom('invites').where('organisation_id', '=', organisationId)
  if (filter.email !== undefined) matching = matching.where('email', '=', foldAddress(filter.email))
  if (filter.role !== undefined) matching = matching.where('role', '=', filter.role)
  if (filter.status === 'expired') matching = matching.where('status', '=', 'pending').where('expires_at', '<=', now)
  else if (filter.status !== undefined) matching = matching.where('status', '=', filter.status)
  if (filter.status === 'pending') matching = matching.where('expires_at', '>', now)
  return await readPage(matching.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc'), window, toInvite)
}

/** Another link for the same invite; the one before opens nothing any more. */
export async function renewInvite(db: Database, id: string, hash: string, expiresAt: number): Promise<void> {
  await db.updateTable('invites').set({ hash, expires_at: expiresAt }).where('id', '=', id).execute()
}

export async function cancelInvite(db: Database, id: string): Promise<void> {
  await db.updateTable('invites').set({ status: 'cancelled' }).where('id', '=', id).execute()
}

/** Uses an invite up. Of several who open a link at once one is told true; the others come too late. */
export async function takeInvite(db: Database, id: string, now: number): Promise<boolean> {
  const taken = await db
    .updateTable('invites')
    .set({ status: 'accepted', accepted_at: now })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .returning('id')
    .executeTakeFirst()
  return taken !== undefined
}

/** Says whom an invite has made. */
export async function nameInvited(db: Database, id: string, userId: Id<'user'>): Promise<void> {
  await db.updateTable('invites').set({ user_id: userId }).where('id', '=', id).execute()
}

function toInvite(row: Selectable<InviteTable>): Invite {
  return {
    id: asId(row.id),
    organisationId: asId(row.organisation_id),
    email: row.email,
    role: row.role as OrganisationRole,
    workspaces: JSON.parse(row.workspaces) as InvitedWorkspace[],
    key: row.key_details === null ? undefined : (JSON.parse(row.key_details) as InvitedKey),
    hash: row.hash,
    status: row.status as Invite['status'],
    invitedBy: row.invited_by ?? undefined,
    userId: row.user_id === null ? undefined : asId(row.user_id),
    expiresAt: row.expires_at,
    acceptedAt: row.accepted_at ?? undefined,
    createdAt: row.created_at,
  }
}
