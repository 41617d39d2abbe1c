import { type Kysely, sql } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import { engineOf } from './engine.ts'
import { firstTables } from './migrations/0001-first-tables.ts'
import { routing } from './migrations/0002-routing.ts'
import { governance } from './migrations/0003-governance.ts'
import { records } from './migrations/0004-records.ts'
import type { Tables } from './schema.ts'

/** Every change of the tables, oldest first. A change that has been released is never edited: the next one corrects it. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first-tables': firstTables,
  '0002-routing': routing,
  '0003-governance': governance,
  '0004-records': records,
}

const MIGRATION_TABLE = 'schema_migrations'

/** Whether all tables are as this version has them. Throws when a newer version has been here. */
export async function isUpToDate(db: Kysely<Tables>): Promise<boolean> {
  if (!(await hasMigrations(db))) return false
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(MIGRATION_TABLE)} order by name`.execute(db)
  const unknown = rows.find(({ name }) => !Object.hasOwn(MIGRATIONS, name))
  if (unknown === undefined) return rows.length === Object.keys(MIGRATIONS).length
  throw new Error(
    `This database was changed by a newer version of Portcullis (${unknown.name}). ` +
      'Start that version, or restore the backup made before the upgrade.',
  )
}

async function hasMigrations(db: Kysely<Tables>): Promise<boolean> {
  const tables =
    engineOf(db) === 'sqlite'
      ? sql`select name from sqlite_master where type = 'table' and name = ${MIGRATION_TABLE}`
      : sql`select tablename from pg_tables where schemaname = current_schema() and tablename = ${MIGRATION_TABLE}`
  return (await tables.execute(db)).rows.length > 0
}

/**
 * Brings the tables up to date, all in one transaction: that which `db` is, or one of its own. Throws when a newer version has
 * been here.
 */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  if (await isUpToDate(db)) return
  const schema = await findSchema(db)
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: `${MIGRATION_TABLE}_lock`,
    ...(schema !== undefined && { migrationTableSchema: schema }),
  })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) {
    const why = error instanceof Error ? error.message : 'nobody knows why'
    throw new Error(`The tables of the database could not be brought up to date; nothing was changed: ${why}`, {
      cause: error,
    })
  }
}

/** Where the tables lie: a PostgreSQL database may hold other programs' in other schemas, with tables of the same names. */
async function findSchema(db: Kysely<Tables>): Promise<string | undefined> {
  if (engineOf(db) === 'sqlite') return undefined
  const { rows } = await sql<{ schema: string | null; is_open: 0 | 1 | null }>`
    select current_schema() as schema, has_schema_privilege(current_schema(), 'create') as is_open`.execute(db)
  const { schema, is_open: isOpen } = rows[0]!
  if (schema === null) throw new Error('The database has no schema that this user may use. Grant it one.')
  if (isOpen !== 1) throw new Error(`This user may not make tables in the schema ${schema}. Grant it \`create\` there.`)
  return schema
}
