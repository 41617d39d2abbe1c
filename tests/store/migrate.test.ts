import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '../../src/store/database.ts'
import { exchangeRow } from './rows.ts'

const NEW_COLUMNS = ['config_id', 'config_version_id', 'target_path', 'cache_status', 'retries', 'route', 'changes']
const NEW_TABLES = ['cache_entries', 'config_versions', 'configs']

test('a store from before configs is brought up to date, and its records stay', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-migrate-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'store.db')

  const before = await openStore({ file })
  await before.insertMany('exchanges', [exchangeRow({ id: 'req_old' })])
  for (const column of NEW_COLUMNS) await sql`alter table exchanges drop column ${sql.ref(column)}`.execute(before.db)
  for (const table of NEW_TABLES) await before.db.schema.dropTable(table).execute()
  await sql`delete from schema_migrations where name <> '0001-first-tables'`.execute(before.db)
  await before.close()

  const after = await openStore({ file })
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
})
