import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { engineOf } from '../engine.ts'

/** Limits and policies, people and how they sign in, the audit trail, alerts, and what configuration files have made. */
export const governance: Migration = {
  async up(db: Kysely<unknown>) {
    await createLimits(db)
    await widenPeople(db)
    await widenKeysAndProviders(db)
    await createAudit(db)
    await createAlerts(db)
    await createApplied(db)
    await widenLedger(db)
  },
}

async function createLimits(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('limits')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id'))
    .addColumn('workspace_id', 'text', (column) => column.references('workspaces.id').onDelete('cascade'))
    .addColumn('level', 'text', (column) => column.notNull())
    .addColumn('subject_id', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('document', 'text', (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('limits_subject').on('limits').columns(['level', 'subject_id']).execute()
  await db.schema
    .createTable('policies')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id'))
    .addColumn('workspace_id', 'text', (column) => column.references('workspaces.id').onDelete('cascade'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('description', 'text')
    .addColumn('conditions', 'text', (column) => column.notNull())
    .addColumn('group_by', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('bucket_resets')
    .addColumn('bucket', 'text', (column) => column.primaryKey())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .execute()
}

async function widenPeople(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('organisations')
    .addColumn('settings', 'text', (column) => column.notNull().defaultTo('{}'))
    .execute()
  await db.schema
    .alterTable('users')
    .addColumn('status', 'text', (column) => column.notNull().defaultTo('active'))
    .execute()
  await db.schema.alterTable('users').addColumn('password_hash', 'text').execute()
  await db.schema
    .alterTable('console_sessions')
    .addColumn('method', 'text', (column) => column.notNull().defaultTo('link'))
    .execute()
  await db.schema.alterTable('workspaces').addColumn('name_key', 'text').execute()
  // Two names that look alike are one name. Older rows get their key with their next change.
  await db.schema
    .createIndex('workspaces_name')
    .unique()
    .on('workspaces')
    .columns(['organisation_id', 'name_key'])
    .where(sql.ref('name_key'), 'is not', null)
    .execute()
  await db.schema
    .createTable('invites')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id'))
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('workspaces', 'text', (column) => column.notNull())
    .addColumn('key_details', 'text')
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('invited_by', 'text')
    .addColumn('user_id', 'text', (column) => column.references('users.id').onDelete('set null'))
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('accepted_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('invites_email').on('invites').columns(['organisation_id', 'email']).execute()
}

async function widenKeysAndProviders(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('api_keys').addColumn('previous_hash', 'text').execute()
  await db.schema.alterTable('api_keys').addColumn('previous_expires_at', 'bigint').execute()
  await db.schema.alterTable('api_keys').addColumn('rotation', 'text').execute()
  await db.schema.alterTable('api_keys').addColumn('rotated_at', 'bigint').execute()
  await db.schema
    .alterTable('api_keys')
    .addColumn('alert_emails', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute()
  await db.schema.alterTable('providers').addColumn('expires_at', 'bigint').execute()
}

async function createAudit(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit_entries')
    .addColumn('number', 'integer', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull())
    .addColumn('workspace_id', 'text')
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('resource_type', 'text', (column) => column.notNull())
    .addColumn('resource_id', 'text')
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('request', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('before', 'text')
    .addColumn('after', 'text')
    .addColumn('previous_hash', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('audit_entries_at').on('audit_entries').columns(['organisation_id', 'at']).execute()
  await db.schema.createIndex('audit_entries_resource').on('audit_entries').column('resource_id').execute()
  // Whoever can write to the file can drop these too; the chain of hashes tells of that.
  for (const deed of ['update', 'delete']) await refuseDeed(db, deed)
}

async function refuseDeed(db: Kysely<unknown>, deed: string): Promise<void> {
  const trigger = sql`create trigger ${sql.ref(`audit_entries_no_${deed}`)} before ${sql.raw(deed)} on audit_entries`
  if (engineOf(db) === 'sqlite') {
    await sql`${trigger} begin select raise(abort, ${sql.lit(ONLY_ADDED_TO)}); end`.execute(db)
    return
  }
  await sql`create or replace function refuse_deed() returns trigger language plpgsql as
    ${sql.lit(`begin raise exception '${ONLY_ADDED_TO}'; end`)}`.execute(db)
  await sql`${trigger} for each row execute function refuse_deed()`.execute(db)
}

const ONLY_ADDED_TO = 'the audit trail is only ever added to'

async function createAlerts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('alert_channels')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id'))
    .addColumn('workspace_id', 'text', (column) => column.references('workspaces.id').onDelete('cascade'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('events', 'text', (column) => column.notNull())
    .addColumn('settings', 'text', (column) => column.notNull())
    .addColumn('sealed_secret', 'text')
    .addColumn('enabled', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('alert_deliveries')
    .addColumn('id', 'text', (column) => column.primaryKey())
    // Of event and channel: what is there already is not told again.
    .addColumn('once', 'text', (column) => column.notNull().unique())
    .addColumn('organisation_id', 'text', (column) => column.notNull())
    .addColumn('workspace_id', 'text', (column) => column.references('workspaces.id').onDelete('cascade'))
    .addColumn('channel_id', 'text', (column) => column.references('alert_channels.id').onDelete('cascade'))
    .addColumn('address', 'text')
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('payload', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('next_at', 'bigint', (column) => column.notNull())
    .addColumn('last_error', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('delivered_at', 'bigint')
    .execute()
  await db.schema.createIndex('alert_deliveries_due').on('alert_deliveries').columns(['state', 'next_at']).execute()
  await db.schema
    .createIndex('alert_deliveries_channel')
    .on('alert_deliveries')
    .columns(['channel_id', 'created_at'])
    .execute()
}

async function createApplied(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('applied_resources')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull())
    .addColumn('file', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('reference', 'text', (column) => column.notNull())
    .addColumn('resource_id', 'text', (column) => column.notNull())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('applied_resources_reference', ['organisation_id', 'file', 'kind', 'reference'])
    .execute()
}

async function widenLedger(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('ledger_calls')
    .addColumn('buckets', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute()
  for (const name of ['held_nanos', 'held_tokens']) {
    await db.schema
      .alterTable('ledger_calls')
      .addColumn(name, 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
  }
  await db.schema.createIndex('ledger_calls_opened').on('ledger_calls').column('opened_at').execute()
}
