import { sql, type CreateTableBuilder, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** The tables of the first version; schema.ts says what their columns mean. */
export const firstTables: Migration = {
  async up(db: Kysely<unknown>) {
    await createPeople(db)
    await createKeys(db)
    await createProviders(db)
    await createHousekeeping(db)
    await createLedger(db)
    await createExchanges(db)
  },
}

async function createPeople(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('organisations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('workspaces')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id'))
    .addColumn('slug', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('description', 'text')
    .addColumn('is_default', 'integer', (column) => column.notNull())
    .addColumn('defaults', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('workspaces_slug', ['organisation_id', 'slug'])
    .execute()
  await db.schema
    .createTable('users')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id'))
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('first_name', 'text', (column) => column.notNull())
    .addColumn('last_name', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('users_email', ['organisation_id', 'email'])
    .execute()
  await db.schema
    .createTable('workspace_members')
    .addColumn('workspace_id', 'text', (column) => column.notNull().references('workspaces.id').onDelete('cascade'))
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('workspace_members_pk', ['workspace_id', 'user_id'])
    .execute()
  await db.schema.createIndex('workspace_members_user').on('workspace_members').column('user_id').execute()
}

async function createKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('api_keys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id'))
    .addColumn('workspace_id', 'text', (column) => column.references('workspaces.id'))
    .addColumn('user_id', 'text', (column) => column.references('users.id'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('description', 'text')
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('masked', 'text', (column) => column.notNull())
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('defaults', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('api_keys_workspace').on('api_keys').columns(['workspace_id', 'created_at']).execute()
  await db.schema
    .createTable('console_sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
}

async function createProviders(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('integrations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id'))
    .addColumn('workspace_id', 'text', (column) => column.references('workspaces.id'))
    .addColumn('slug', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('description', 'text')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('sealed_credential', 'text')
    .addColumn('masked_credential', 'text')
    .addColumn('configurations', 'text', (column) => column.notNull())
    .addColumn('allow_all_models', 'integer', (column) => column.notNull())
    .addColumn('global_workspace_access', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('integrations_slug', ['organisation_id', 'slug'])
    .execute()
  await db.schema
    .createTable('integration_models')
    .addColumn('integration_id', 'text', (column) => column.notNull().references('integrations.id').onDelete('cascade'))
    .addColumn('slug', 'text', (column) => column.notNull())
    .addColumn('enabled', 'integer', (column) => column.notNull())
    .addColumn('is_custom', 'integer', (column) => column.notNull())
    .addColumn('base_model_slug', 'text')
    .addPrimaryKeyConstraint('integration_models_pk', ['integration_id', 'slug'])
    .execute()
  await db.schema
    .createTable('integration_workspaces')
    .addColumn('integration_id', 'text', (column) => column.notNull().references('integrations.id').onDelete('cascade'))
    .addColumn('workspace_id', 'text', (column) => column.notNull().references('workspaces.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('integration_workspaces_pk', ['integration_id', 'workspace_id'])
    .execute()
  await db.schema
    .createTable('providers')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull().references('workspaces.id'))
    .addColumn('integration_id', 'text', (column) => column.notNull().references('integrations.id'))
    .addColumn('slug', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('note', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('providers_slug', ['workspace_id', 'slug'])
    .execute()
  await db.schema.createIndex('providers_integration').on('providers').column('integration_id').execute()
}

async function createHousekeeping(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('price_versions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('valid_from', 'bigint', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('table_json', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('settings')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute()
  // Autoincrement, so that a revision is never given out twice, not even after old rows were cleared away.
  await db.schema
    .createTable('changes')
    .addColumn('revision', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .execute()
}

/** No foreign keys here and in exchanges: what happened stays true after a key, provider or workspace is gone. */
async function createLedger(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('ledger_calls')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('exchange_id', 'text', (column) => column.notNull())
    .addColumn('ordinal', 'integer', (column) => column.notNull())
    .addColumn('organisation_id', 'text', (column) => column.notNull())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text')
    .addColumn('provider_id', 'text', (column) => column.notNull())
    .addColumn('provider_slug', 'text', (column) => column.notNull())
    .addColumn('provider_kind', 'text', (column) => column.notNull())
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('model_served', 'text')
    .addColumn('opened_at', 'bigint', (column) => column.notNull())
    .addColumn('closed_at', 'bigint', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('interrupted_by', 'text')
    .addColumn('upstream_status', 'integer')
    .addColumn('upstream_request_id', 'text')
    .addColumn('price_version', 'text', (column) => column.notNull())
    .addColumn('price_flag', 'text', (column) => column.notNull())
    .$call((table) => addUsageColumns(table))
    .execute()
  await db.schema.createIndex('ledger_calls_exchange').on('ledger_calls').column('exchange_id').execute()
  await db.schema
    .createIndex('ledger_calls_workspace')
    .on('ledger_calls')
    .columns(['workspace_id', 'closed_at'])
    .execute()
}

async function createExchanges(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('exchanges')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('received_at', 'bigint', (column) => column.notNull())
    .addColumn('organisation_id', 'text')
    .addColumn('workspace_id', 'text')
    .addColumn('key_id', 'text')
    .addColumn('user_id', 'text')
    .addColumn('metadata', 'text', (column) => column.notNull())
    .addColumn('trace_id', 'text')
    .addColumn('client', 'text')
    .addColumn('client_version', 'text')
    .addColumn('session_id', 'text')
    .addColumn('agent_id', 'text')
    .addColumn('parent_agent_id', 'text')
    .addColumn('prompt_id', 'text')
    .addColumn('request_class', 'text')
    .addColumn('streaming', 'integer', (column) => column.notNull())
    .addColumn('model_asked', 'text')
    .addColumn('model_served', 'text')
    .addColumn('provider_id', 'text')
    .addColumn('provider_slug', 'text')
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('upstream_request_id', 'text')
    .addColumn('status', 'integer', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('interrupted_by', 'text')
    .addColumn('error_code', 'text')
    .addColumn('stop_reason', 'text')
    .addColumn('price_version', 'text')
    .addColumn('price_flag', 'text')
    .addColumn('queue_ms', 'double precision')
    .addColumn('connect_ms', 'double precision')
    .addColumn('first_byte_ms', 'double precision')
    .addColumn('first_token_ms', 'double precision')
    .addColumn('total_ms', 'double precision', (column) => column.notNull())
    .addColumn('overhead_ms', 'double precision')
    .addColumn('request_bytes', 'bigint', (column) => column.notNull())
    .addColumn('response_bytes', 'bigint', (column) => column.notNull())
    .$call((table) => addUsageColumns(table))
    .execute()
  // Read from the end: every list is newest first.
  for (const owner of ['organisation_id', 'workspace_id', 'key_id'] as const) {
    await db.schema
      .createIndex(`exchanges_${owner.replace('_id', '')}`)
      .on('exchanges')
      .columns([owner, 'received_at', 'id'])
      .execute()
  }
  // Most auxiliary calls carry no session; leaving them out keeps the index half as large.
  await db.schema
    .createIndex('exchanges_session')
    .on('exchanges')
    .column('session_id')
    .where(sql.ref('session_id'), 'is not', null)
    .execute()
}

function addUsageColumns<Table extends string>(
  table: CreateTableBuilder<Table, never>,
): CreateTableBuilder<Table, never> {
  return USAGE_COLUMNS.reduce(
    (builder, name) => builder.addColumn(name, 'bigint', (column) => column.notNull()) as typeof table,
    table,
  )
}

const USAGE_COLUMNS = [
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'thinking_tokens',
  'web_searches',
  'web_fetches',
  'code_executions',
  'estimated',
  'cost_nanos',
] as const
