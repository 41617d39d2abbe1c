import type { Database } from './database.ts'
import { readRotation } from './documents.ts'

/* What an alert has to know of the thing that it is about: whose it is, what people call it, and who else is to hear. */

export interface AlertSubject {
  readonly organisationId: string
  /** Undefined for what stands above workspaces. */
  readonly workspaceId: string | undefined
  readonly id: string
  /** In the words of a sentence: `key “ci”`, `workspace Payments`. */
  readonly name: string
  /** A key's own list. */
  readonly addresses: readonly string[]
}

/** What a limit limits; undefined when the limit or its subject is gone. */
export async function findLimited(db: Database, limitId: string): Promise<AlertSubject | undefined> {
  const limit = await db.selectFrom('limits').selectAll().where('id', '=', limitId).executeTakeFirst()
  if (limit === undefined) return undefined
  const named = await nameOf(db, limit.level, limit.subject_id)
  if (named === undefined) return undefined
  return {
    organisationId: limit.organisation_id,
    workspaceId: limit.workspace_id ?? undefined,
    id: limit.subject_id,
    ...named,
  }
}

/** Ids of all budgets. */
export async function listBudgetIds(db: Database): Promise<readonly string[]> {
  const rows = await db.selectFrom('limits').select('id').where('kind', '=', 'budget').orderBy('id').execute()
  return rows.map(({ id }) => id)
}

export async function findProviderSubject(db: Database, providerId: string): Promise<AlertSubject | undefined> {
  const row = await db
    .selectFrom('providers')
    .innerJoin('workspaces', 'workspaces.id', 'providers.workspace_id')
    .select(['providers.slug', 'workspaces.id', 'workspaces.organisation_id'])
    .where('providers.id', '=', providerId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    organisationId: row.organisation_id,
    workspaceId: row.id,
    id: providerId,
    name: `provider @${row.slug}`,
    addresses: [],
  }
}

/** A key that is to end. Times are milliseconds since the epoch. */
export interface EndingKey extends AlertSubject {
  readonly expiresAt: number
  readonly createdAt: number
}

/** Keys in force that expire until then, the first to end first. */
export async function listEndingKeys(db: Database, now: number, until: number): Promise<readonly EndingKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .selectAll()
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .where('expires_at', '<=', until)
    .orderBy('expires_at')
    .limit(KEYS_MAX)
    .execute()
  return rows.map((row) => ({
    organisationId: row.organisation_id,
    workspaceId: row.workspace_id ?? undefined,
    id: row.id,
    name: `key “${row.name}”`,
    addresses: readAddresses(row.alert_emails),
    expiresAt: row.expires_at!,
    createdAt: row.created_at,
  }))
}

/** A key whose secret is to be changed. */
export interface RotatingKey extends AlertSubject {
  /** Milliseconds since the epoch. */
  readonly rotatesAt: number
}

/** Keys in force that were to be rotated by then. */
export async function listOverdueKeys(db: Database, now: number): Promise<readonly RotatingKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .select(['id', 'organisation_id', 'workspace_id', 'name', 'rotation', 'alert_emails'])
    .where('revoked_at', 'is', null)
    .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', now)]))
    .where('rotation', 'is not', null)
    .orderBy('id')
    .limit(KEYS_MAX)
    .execute()
  return rows
    .map((row) => ({
      organisationId: row.organisation_id,
      workspaceId: row.workspace_id ?? undefined,
      id: row.id,
      name: `key “${row.name}”`,
      addresses: readAddresses(row.alert_emails),
      rotatesAt: readRotation(row.rotation!).nextAt,
    }))
    .filter(({ rotatesAt }) => rotatesAt <= now)
}

/** More in one look would be no news for anybody. */
const KEYS_MAX = 10_000

async function nameOf(
  db: Database,
  level: string,
  id: string,
): Promise<Pick<AlertSubject, 'name' | 'addresses'> | undefined> {
  switch (level) {
    case 'organisation': {
      const row = await db.selectFrom('organisations').select('name').where('id', '=', id).executeTakeFirst()
      return row && { name: `organisation ${row.name}`, addresses: [] }
    }
    case 'workspace': {
      const row = await db.selectFrom('workspaces').select('name').where('id', '=', id).executeTakeFirst()
      return row && { name: `workspace ${row.name}`, addresses: [] }
    }
    case 'user': {
      const row = await db.selectFrom('users').select('email').where('id', '=', id).executeTakeFirst()
      return row && { name: `user ${row.email}`, addresses: [] }
    }
    case 'key': {
      const row = await db
        .selectFrom('api_keys')
        .select(['name', 'alert_emails'])
        .where('id', '=', id)
        .executeTakeFirst()
      return row && { name: `key “${row.name}”`, addresses: readAddresses(row.alert_emails) }
    }
    case 'provider': {
      const row = await db.selectFrom('providers').select('slug').where('id', '=', id).executeTakeFirst()
      return row && { name: `provider @${row.slug}`, addresses: [] }
    }
    case 'integration':
      return nameOfShare(db, id)
    default: {
      const row = await db.selectFrom('policies').select('name').where('id', '=', id).executeTakeFirst()
      return row && { name: `policy “${row.name}”`, addresses: [] }
    }
  }
}

/** One workspace's use of an account: its subject is `<integration id>:<workspace id>`. */
async function nameOfShare(db: Database, id: string) {
  const [integrationId = '', workspaceId = ''] = id.split(':')
  const row = await db
    .selectFrom('integrations')
    .innerJoin('workspaces', (join) => join.on('workspaces.id', '=', workspaceId))
    .select(['integrations.slug', 'workspaces.name'])
    .where('integrations.id', '=', integrationId)
    .executeTakeFirst()
  return row && { name: `integration ${row.slug} in workspace ${row.name}`, addresses: [] }
}

function readAddresses(json: string): readonly string[] {
  return JSON.parse(json) as string[]
}
