import type { Selectable } from 'kysely'
import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'
import { readKeyDefaults, readScopes, writeKeyDefaults, type KeyDefaults } from './documents.ts'
import type { Page, Window } from './page.ts'
import type { ApiKeyTable } from './schema.ts'

export type KeyKind = 'organisation-service' | 'workspace-service' | 'workspace-user'

export interface ApiKey {
  readonly id: Id<'key'>
  readonly organisationId: Id<'organisation'>
  /** Undefined for an organisation's key. */
  readonly workspaceId: Id<'workspace'> | undefined
  readonly userId: Id<'user'> | undefined
  readonly kind: KeyKind
  readonly name: string
  readonly description: string | null
  readonly hash: string
  readonly masked: string
  readonly scopes: readonly string[]
  readonly defaults: KeyDefaults
  readonly expiresAt: number | undefined
  readonly revokedAt: number | undefined
  readonly createdAt: number
  readonly updatedAt: number
}

export interface KeyFilter {
  readonly workspaceId?: string
  readonly userId?: string
  /** `expired` and `active` are judged at `now`; a revoked key is neither. */
  readonly status?: 'active' | 'expired' | 'revoked'
  /** Only keys of these kinds. */
  readonly kinds?: readonly KeyKind[]
  readonly hideRevoked?: boolean
}

/** Members that are left out stay as they are. */
export interface KeyPatch {
  readonly name?: string
  readonly description?: string | null
  readonly scopes?: readonly string[]
  readonly defaults?: KeyDefaults
  /** Null: it never expires. */
  readonly expiresAt?: number | null
}

export async function insertKey(db: Database, key: ApiKey): Promise<void> {
  await db
    .insertInto('api_keys')
    .values({
      id: key.id,
      organisation_id: key.organisationId,
      workspace_id: key.workspaceId ?? null,
      user_id: key.userId ?? null,
      kind: key.kind,
      name: key.name,
      description: key.description,
      hash: key.hash,
      masked: key.masked,
      scopes: JSON.stringify(key.scopes),
      defaults: writeKeyDefaults(key.defaults),
      expires_at: key.expiresAt ?? null,
      revoked_at: key.revokedAt ?? null,
      created_at: key.createdAt,
      updated_at: key.updatedAt,
    })
    .execute()
}

export async function findKey(db: Database, organisationId: string, id: string): Promise<ApiKey | undefined> {
  const row = await db
    .selectFrom('api_keys')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : toKey(row)
}

/** Newest first. */
export async function listKeys(
  db: Database,
  organisationId: string,
  filter: KeyFilter,
  window: Window,
  now: number,
): Promise<Page<ApiKey>> {
  let matching = db.selectFrom('api_keys').where('organisation_id', '=', organisationId)
  if (filter.workspaceId !== undefined) matching = matching.where('workspace_id', '=', filter.workspaceId)
  if (filter.userId !== undefined) matching = matching.where('user_id', '=', filter.userId)
  if (filter.kinds !== undefined) matching = matching.where('kind', 'in', filter.kinds)
  if (filter.hideRevoked === true) matching = matching.where('revoked_at', 'is', null)
  if (filter.status === 'revoked') matching = matching.where('revoked_at', 'is not', null)
  if (filter.status === 'expired') matching = matching.where('revoked_at', 'is', null).where('expires_at', '<=', now)
  if (filter.status === 'active') {
    matching = matching
      .where('revoked_at', 'is', null)
      .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', now)]))
  }
  const rows = await matching
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .offset(window.offset)
    .limit(window.limit)
    .execute()
  const { total } = await matching.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  return { items: rows.map(toKey), total }
}

export async function updateKey(db: Database, id: string, patch: KeyPatch, now: number): Promise<void> {
  await db
    .updateTable('api_keys')
    .set({
      ...(patch.name === undefined ? {} : { name: patch.name }),
      ...(patch.description === undefined ? {} : { description: patch.description }),
      ...(patch.scopes === undefined ? {} : { scopes: JSON.stringify(patch.scopes) }),
      ...(patch.defaults === undefined ? {} : { defaults: writeKeyDefaults(patch.defaults) }),
      ...(patch.expiresAt === undefined ? {} : { expires_at: patch.expiresAt }),
      updated_at: now,
    })
    .where('id', '=', id)
    .execute()
}

/** The row stays, because records point at it; the first revocation counts. */
export async function revokeKey(db: Database, id: string, now: number): Promise<void> {
  await db
    .updateTable('api_keys')
    .set({ revoked_at: now, updated_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute()
}

function toKey(row: Selectable<ApiKeyTable>): ApiKey {
  return {
    id: asId(row.id),
    organisationId: asId(row.organisation_id),
    workspaceId: row.workspace_id === null ? undefined : asId(row.workspace_id),
    userId: row.user_id === null ? undefined : asId(row.user_id),
    kind: row.kind as KeyKind,
    name: row.name,
    description: row.description,
    hash: row.hash,
    masked: row.masked,
    scopes: readScopes(row.scopes),
    defaults: readKeyDefaults(row.defaults),
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
