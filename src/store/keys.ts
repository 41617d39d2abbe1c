import type { Selectable } from 'kysely'
import { asId, type Id } from '../core/ids.ts'
import type { RecordSettings } from '../core/record-rules.ts'
import type { Database } from './database.ts'
import {
  readKeyDefaults,
  readRecordSettings,
  readRotation,
  readScopes,
  writeKeyDefaults,
  writeRecordSettings,
  writeRotation,
  type KeyDefaults,
  type KeyRotation,
} from './documents.ts'
import { type Page, type Window, readPage } from './page.ts'
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
  /** What it says of content; by default it leaves that to its workspace. */
  readonly records: RecordSettings
  readonly expiresAt: number | undefined
  readonly revokedAt: number | undefined
  /** Until when the secret before the last rotation works too. */
  readonly previousExpiresAt: number | undefined
  readonly rotation: KeyRotation | undefined
  readonly rotatedAt: number | undefined
  /** Who hears of its budget and its end. */
  readonly alertEmails: readonly string[]
  readonly createdAt: number
  readonly updatedAt: number
}

/** A key that is new was not rotated, and may leave out what most keys do not have. */
export type NewKey = Omit<ApiKey, 'previousExpiresAt' | 'records' | 'rotation' | 'rotatedAt' | 'alertEmails'> &
  Partial<Pick<ApiKey, 'records' | 'rotation' | 'alertEmails'>>

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
  readonly records?: RecordSettings
  /** Null: it never expires. */
  readonly expiresAt?: number | null
  /** Null: nobody is reminded. */
  readonly rotation?: KeyRotation | null
  readonly alertEmails?: readonly string[]
}

export async function insertKey(db: Database, key: NewKey): Promise<void> {
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
      records: writeRecordSettings(key.records ?? {}),
      expires_at: key.expiresAt ?? null,
      revoked_at: key.revokedAt ?? null,
      rotation: key.rotation === undefined ? null : writeRotation(key.rotation),
      alert_emails: JSON.stringify(key.alertEmails ?? []),
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
  return await readPage(matching.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc'), window, toKey)
}

export async function updateKey(db: Database, id: string, patch: KeyPatch, now: number): Promise<void> {
  await db
    .updateTable('api_keys')
    .set({
      ...(patch.name === undefined ? {} : { name: patch.name }),
      ...(patch.description === undefined ? {} : { description: patch.description }),
      ...(patch.scopes === undefined ? {} : { scopes: JSON.stringify(patch.scopes) }),
      ...(patch.defaults === undefined ? {} : { defaults: writeKeyDefaults(patch.defaults) }),
      ...(patch.records === undefined ? {} : { records: writeRecordSettings(patch.records) }),
      ...(patch.expiresAt === undefined ? {} : { expires_at: patch.expiresAt }),
      ...(patch.rotation === undefined
        ? {}
        : { rotation: patch.rotation === null ? null : writeRotation(patch.rotation) }),
      ...(patch.alertEmails === undefined ? {} : { alert_emails: JSON.stringify(patch.alertEmails) }),
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

/** Gives a key another secret. The one before works until `previousExpiresAt`, the one before that no more. */
export async function rotateKey(
  db: Database,
  id: string,
  secret: { readonly hash: string; readonly masked: string; readonly previousExpiresAt: number },
  now: number,
): Promise<void> {
  await db
    .updateTable('api_keys')
    .set(({ ref }) => ({
      previous_hash: ref('hash'),
      previous_expires_at: secret.previousExpiresAt,
      hash: secret.hash,
      masked: secret.masked,
      rotated_at: now,
      updated_at: now,
    }))
    .where('id', '=', id)
    .execute()
}

/** The live keys of a person. */
export async function listKeysOf(db: Database, userId: string): Promise<readonly ApiKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .selectAll()
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .execute()
  return rows.map(toKey)
}

/** What the live keys that say anything of content say, and for which workspace. */
export async function listKeyRecords(
  db: Database,
  organisationId: string,
): Promise<readonly { readonly workspaceId: string | null; readonly records: RecordSettings }[]> {
  const rows = await db
    .selectFrom('api_keys')
    .select(['workspace_id', 'records'])
    .where('organisation_id', '=', organisationId)
    .where('revoked_at', 'is', null)
    .where('records', '<>', writeRecordSettings({}))
    .execute()
  return rows.map((row) => ({ workspaceId: row.workspace_id, records: readRecordSettings(row.records) }))
}

/** Revokes every key of a person and forgets whose they were, so that the person can go. */
export async function releaseKeysOf(db: Database, userId: string, now: number): Promise<void> {
  for (const { id } of await listKeysOf(db, userId)) await revokeKey(db, id, now)
  await db.updateTable('api_keys').set({ user_id: null }).where('user_id', '=', userId).execute()
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
    records: readRecordSettings(row.records),
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    previousExpiresAt: row.previous_expires_at ?? undefined,
    rotation: row.rotation === null ? undefined : readRotation(row.rotation),
    rotatedAt: row.rotated_at ?? undefined,
    alertEmails: JSON.parse(row.alert_emails) as string[],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
