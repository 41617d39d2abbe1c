import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { backends } from './backends.ts'
import { exchangeRow } from './rows.ts'

/** What came after the first tables, newest first. */
const NEW_TABLES = [
  'client_metric_days',
  'client_events',
  'log_exports',
  'feedback',
  'body_deletions',
  'legal_holds',
  'body_keys',
  'tag_days',
  'latency_days',
  'latency_hours',
  'usage_days',
  'usage_hours',
  'usage_series',
  'turns',
  'sessions',
  'applied_resources',
  'alert_deliveries',
  'alert_channels',
  'audit_entries',
  'invites',
  'bucket_resets',
  'policies',
  'limits',
  'cache_entries',
  'config_versions',
  'configs',
]
const NEW_INDEXES = [
  'workspaces_name',
  'ledger_calls_opened',
  'ledger_calls_received',
  'exchanges_received',
  'exchanges_session_key',
  'exchanges_user',
  'exchanges_trace',
]
const NEW_COLUMNS = {
  exchanges: [
    'config_id',
    'config_version_id',
    'target_path',
    'cache_status',
    'retries',
    'route',
    'changes',
    'session_key',
    'project',
    'span_id',
    'parent_span_id',
    'span_name',
    'shelf',
    'body_state',
    'source',
  ],
  ledger_calls: ['buckets', 'held_nanos', 'held_tokens', 'received_at', 'session_key', 'project', 'request_class'],
  organisations: ['settings'],
  users: ['status', 'password_hash'],
  console_sessions: ['method'],
  workspaces: ['name_key', 'records'],
  api_keys: ['previous_hash', 'previous_expires_at', 'rotation', 'rotated_at', 'alert_emails', 'records'],
  providers: ['expires_at'],
}

test.each(backends)(
  'a store from before configs on $name is brought up to date, and its records stay',
  async (backend) => {
    const place = await backend.makePlace()
    onTestFinished(() => place.clear())

    const before = await place.open()
    await before.insertMany('exchanges', [exchangeRow({ id: 'req_old' })])
    for (const index of NEW_INDEXES) await before.db.schema.dropIndex(index).execute()
    for (const [table, columns] of Object.entries(NEW_COLUMNS)) {
      for (const column of columns) await before.db.schema.alterTable(table).dropColumn(column).execute()
    }
    await before.db.schema.createIndex('exchanges_session').on('exchanges').column('session_id').execute()
    for (const table of NEW_TABLES) await before.db.schema.dropTable(table).execute()
    await sql`delete from schema_migrations where name <> '0001-first-tables'`.execute(before.db)
    await before.close()

    const after = await place.open()
    const row = await after.db.selectFrom('exchanges').selectAll().executeTakeFirst()
    expect(row).toMatchObject({
      id: 'req_old',
      config_id: null,
      cache_status: null,
      retries: 0,
      route: '[]',
      changes: '[]',
    })
    expect(await after.db.selectFrom('configs').selectAll().execute()).toEqual([])
    await after.close()
  },
)
