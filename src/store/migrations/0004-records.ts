import { sql, type CreateTableBuilder, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { engineOf } from '../engine.ts'

/** Sessions and turns, roll-ups, what is kept of content and for how long, exports, feedback, and what clients report of themselves. */
export const records: Migration = {
  async up(db: Kysely<unknown>) {
    await widenExchanges(db)
    await createSessions(db)
    await createRollUps(db)
    await createContentControls(db)
    await createPortkeyRecords(db)
    await createClientTelemetry(db)
  },
}

async function widenExchanges(db: Kysely<unknown>): Promise<void> {
  for (const column of ['session_key', 'project', 'span_id', 'parent_span_id', 'span_name', 'shelf'] as const) {
    await db.schema.alterTable('exchanges').addColumn(column, 'text').execute()
  }
  await db.schema
    .alterTable('exchanges')
    .addColumn('body_state', 'text', (column) => column.notNull().defaultTo('none'))
    .execute()
  await db.schema
    .alterTable('exchanges')
    .addColumn('source', 'text', (column) => column.notNull().defaultTo('gateway'))
    .execute()
  await db.schema.dropIndex('exchanges_session').execute()
  // Most auxiliary calls carry no session, and most requests no trace of their own: leaving them out keeps both small.
  await db.schema
    .createIndex('exchanges_session_key')
    .on('exchanges')
    .columns(['session_key', 'received_at', 'id'])
    .where(sql.ref('session_key'), 'is not', null)
    .execute()
  await db.schema
    .createIndex('exchanges_user')
    .on('exchanges')
    .columns(['user_id', 'received_at', 'id'])
    .where(sql.ref('user_id'), 'is not', null)
    .execute()
  await db.schema
    .createIndex('exchanges_trace')
    .on('exchanges')
    .columns(['trace_id'])
    .where(sql.ref('trace_id'), 'is not', null)
    .execute()
  await db.schema.alterTable('ledger_calls').addColumn('received_at', 'bigint').execute()
  for (const column of ['session_key', 'project', 'request_class'] as const) {
    await db.schema.alterTable('ledger_calls').addColumn(column, 'text').execute()
  }
}

async function createSessions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text')
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('claimed_id', 'text', (column) => column.notNull())
    .addColumn('project', 'text')
    .addColumn('client', 'text')
    .addColumn('client_version', 'text')
    .addColumn('title', 'text')
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('last_at', 'bigint', (column) => column.notNull())
    .addColumn('requests', 'bigint', (column) => column.notNull())
    .addColumn('errors', 'bigint', (column) => column.notNull())
    .$call((table) => addNumbers(table, USAGE_COLUMNS))
    .execute()
  for (const owner of ['organisation_id', 'workspace_id', 'user_id'] as const) {
    await db.schema
      .createIndex(`sessions_${owner.replace('_id', '')}`)
      .on('sessions')
      .columns([owner, 'last_at', 'id'])
      .execute()
  }
  await db.schema
    .createTable('turns')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('session_key', 'text')
    .addColumn('received_at', 'bigint', (column) => column.notNull())
    .addColumn('shelf', 'text', (column) => column.notNull())
    .addColumn('fresh_bytes', 'bigint', (column) => column.notNull())
    .addColumn('messages', 'integer', (column) => column.notNull())
    .addColumn('first_changed_message', 'integer')
    .addColumn('tools_hash', 'text')
    .addColumn('system_hash', 'text')
    .addColumn('preview', 'text')
    .addColumn('title', 'text')
    .addColumn('tools_called', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('turns_session').on('turns').columns(['session_key', 'received_at']).execute()
  await db.schema.createIndex('turns_shelf').on('turns').column('shelf').execute()
}

async function createRollUps(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('usage_series')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .$call((table) => addTexts(table, SERIES_COLUMNS))
    .$call(byKeyAlone(db))
    .execute()
  for (const grain of ['hours', 'days'] as const) {
    await db.schema
      .createTable(`usage_${grain}`)
      .addColumn('start', 'bigint', (column) => column.notNull())
      .addColumn('series_id', 'text', (column) => column.notNull())
      .$call((table) => addNumbers(table, [...COUNT_COLUMNS, ...USAGE_COLUMNS]))
      .addPrimaryKeyConstraint(`usage_${grain}_pk`, ['start', 'series_id'])
      .$call(byKeyAlone(db))
      .execute()
    await db.schema
      .createTable(`latency_${grain}`)
      .addColumn('start', 'bigint', (column) => column.notNull())
      .addColumn('workspace_id', 'text', (column) => column.notNull())
      .addColumn('provider_slug', 'text', (column) => column.notNull())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('metric', 'text', (column) => column.notNull())
      .addColumn('bucket', 'integer', (column) => column.notNull())
      .addColumn('organisation_id', 'text', (column) => column.notNull())
      .addColumn('requests', 'bigint', (column) => column.notNull())
      // Each question is about one metric of many hours, so these lie together.
      .addPrimaryKeyConstraint(`latency_${grain}_pk`, [
        'metric',
        'start',
        'workspace_id',
        'provider_slug',
        'model',
        'bucket',
      ])
      .$call(byKeyAlone(db))
      .execute()
  }
  await db.schema
    .createTable('tag_days')
    .addColumn('start', 'bigint', (column) => column.notNull())
    .$call((table) => addTexts(table, ['organisation_id', 'workspace_id', 'user_id', 'key_id', 'name', 'value']))
    .$call((table) => addNumbers(table, [...COUNT_COLUMNS, ...USAGE_COLUMNS]))
    .addPrimaryKeyConstraint('tag_days_pk', ['name', 'start', 'value', 'workspace_id', 'user_id', 'key_id'])
    .$call(byKeyAlone(db))
    .execute()
  await beginRollUps(db)
}

/** SQLite keeps such a table in the order of its key, with nothing beside: rows that are added to all the time are found in one step. */
function byKeyAlone(db: Kysely<unknown>) {
  return <Table extends string, Columns extends string>(table: CreateTableBuilder<Table, Columns>) =>
    engineOf(db) === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table
}

/** Rows that are there already are added up in the background, from the first one; without any there is nothing to build. */
async function beginRollUps(db: Kysely<unknown>): Promise<void> {
  await sql`update ledger_calls set received_at = opened_at`.execute(db)
  await db.schema.createIndex('ledger_calls_received').on('ledger_calls').columns(['received_at', 'id']).execute()
  await db.schema.createIndex('exchanges_received').on('exchanges').columns(['received_at', 'id']).execute()
  const { rows } = await sql`select 1 from exchanges union all select 1 from ledger_calls limit 1`.execute(db)
  const state = rows.length === 0 ? { zone: 'UTC' } : { zone: 'UTC', building: { from: 0, what: 'all' } }
  await sql`insert into settings (name, value) values ('rollups', ${JSON.stringify(state)})
    on conflict (name) do update set value = excluded.value`.execute(db)
}

async function createContentControls(db: Kysely<unknown>): Promise<void> {
  for (const table of ['workspaces', 'api_keys'] as const) {
    await db.schema
      .alterTable(table)
      .addColumn('records', 'text', (column) => column.notNull().defaultTo('{}'))
      .execute()
  }
  await db.schema
    .createTable('body_keys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('sealed_key', 'text')
    .addColumn('shredded_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('body_keys_live')
    .unique()
    .on('body_keys')
    .column('workspace_id')
    .where(sql.ref('shredded_at'), 'is', null)
    .execute()
  await db.schema
    .createTable('legal_holds')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull())
    .addColumn('subject_kind', 'text', (column) => column.notNull())
    .addColumn('subject_id', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('body_deletions')
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('shelf', 'text', (column) => column.notNull())
    .addColumn('deleted_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('body_deletions_pk', ['scope', 'shelf'])
    .execute()
}

async function createPortkeyRecords(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('feedback')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('key_id', 'text')
    .addColumn('user_id', 'text')
    .addColumn('trace_id', 'text', (column) => column.notNull())
    .addColumn('value', 'integer', (column) => column.notNull())
    .addColumn('weight', 'double precision', (column) => column.notNull())
    .addColumn('metadata', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('feedback_trace').on('feedback').columns(['workspace_id', 'trace_id']).execute()
  await db.schema.createIndex('feedback_time').on('feedback').columns(['workspace_id', 'created_at']).execute()
  await db.schema
    .createTable('log_exports')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('organisation_id', 'text', (column) => column.notNull())
    .addColumn('workspace_id', 'text')
    .addColumn('description', 'text')
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('request', 'text', (column) => column.notNull())
    .addColumn('maker', 'text', (column) => column.notNull())
    .addColumn('filter', 'text')
    .addColumn('folder', 'text')
    .addColumn('cursor', 'text')
    .addColumn('rows', 'bigint', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('error', 'text')
    .addColumn('created_by', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('finished_at', 'bigint')
    .execute()
  await db.schema.createIndex('log_exports_status').on('log_exports').columns(['status', 'started_at']).execute()
  await db.schema.createIndex('log_exports_made').on('log_exports').columns(['organisation_id', 'created_at']).execute()
}

async function createClientTelemetry(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('client_events')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .$call((table) => addTexts(table, ['organisation_id', 'workspace_id', 'key_id', 'user_id', 'name']))
    .addColumn('session_key', 'text')
    .addColumn('request_id', 'text')
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('attributes', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('client_events_request')
    .on('client_events')
    .column('request_id')
    .where(sql.ref('request_id'), 'is not', null)
    .execute()
  await db.schema.createIndex('client_events_session').on('client_events').columns(['session_key', 'at']).execute()
  await db.schema.createIndex('client_events_time').on('client_events').columns(['workspace_id', 'at']).execute()
  await db.schema
    .createTable('client_metric_days')
    .addColumn('start', 'bigint', (column) => column.notNull())
    .$call((table) => addTexts(table, ['organisation_id', 'workspace_id', 'user_id', 'key_id', 'name', 'attributes']))
    .addColumn('value', 'double precision', (column) => column.notNull())
    .addPrimaryKeyConstraint('client_metric_days_pk', [
      'start',
      'workspace_id',
      'user_id',
      'key_id',
      'name',
      'attributes',
    ])
    .execute()
}

/** The columns that stood there before stay what they were; the names of these are known to nobody but the database. */
function addTexts<Table extends string, Columns extends string, Names extends string>(
  table: CreateTableBuilder<Table, Columns>,
  names: readonly Names[],
): CreateTableBuilder<Table, Columns | Names> {
  return addAll(table, names, 'text')
}

function addNumbers<Table extends string, Columns extends string, Names extends string>(
  table: CreateTableBuilder<Table, Columns>,
  names: readonly Names[],
): CreateTableBuilder<Table, Columns | Names> {
  return addAll(table, names, 'bigint')
}

function addAll<Table extends string, Columns extends string, Names extends string>(
  table: CreateTableBuilder<Table, Columns>,
  names: readonly Names[],
  type: 'text' | 'bigint',
): CreateTableBuilder<Table, Columns | Names> {
  let builder: CreateTableBuilder<Table, Columns | Names> = table
  for (const name of names) builder = builder.addColumn(name, type, (column) => column.notNull())
  return builder
}

const SERIES_COLUMNS = [
  'organisation_id',
  'workspace_id',
  'project',
  'user_id',
  'key_id',
  'model',
  'provider_slug',
  'request_class',
] as const

const COUNT_COLUMNS = ['requests', 'errors', 'interrupted', 'cache_hits', 'retried', 'fell_back', 'calls'] as const

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
