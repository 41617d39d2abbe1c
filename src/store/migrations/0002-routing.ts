import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Saved configs with their versions, cached answers, and what an exchange tells of its way. */
export const routing: Migration = {
  async up(db: Kysely<unknown>) {
    await createConfigs(db)
    await createCache(db)
    await widenExchanges(db)
  },
}

async function createConfigs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('configs')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull().references('workspaces.id'))
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id'))
    .addColumn('slug', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('is_default', 'integer', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('version_id', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('configs_slug', ['organisation_id', 'slug'])
    .execute()
  await db.schema.createIndex('configs_workspace').on('configs').columns(['workspace_id', 'created_at']).execute()
  await db.schema
    .createTable('config_versions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('config_id', 'text', (column) => column.notNull().references('configs.id').onDelete('cascade'))
    .addColumn('number', 'integer', (column) => column.notNull())
    .addColumn('document', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('config_versions_number', ['config_id', 'number'])
    .execute()
}

async function createCache(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('cache_entries')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull().references('workspaces.id').onDelete('cascade'))
    .addColumn('status', 'integer', (column) => column.notNull())
    .addColumn('headers', 'text', (column) => column.notNull())
    .addColumn('body', 'blob', (column) => column.notNull())
    .addColumn('bytes', 'integer', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('cache_entries_expiry').on('cache_entries').column('expires_at').execute()
}

async function widenExchanges(db: Kysely<unknown>): Promise<void> {
  for (const name of ['config_id', 'config_version_id', 'target_path', 'cache_status']) {
    await db.schema.alterTable('exchanges').addColumn(name, 'text').execute()
  }
  await db.schema
    .alterTable('exchanges')
    .addColumn('retries', 'integer', (column) => column.notNull().defaultTo(0))
    .execute()
  for (const name of ['route', 'changes']) {
    await db.schema
      .alterTable('exchanges')
      .addColumn(name, 'text', (column) => column.notNull().defaultTo('[]'))
      .execute()
  }
}
