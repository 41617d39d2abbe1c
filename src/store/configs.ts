import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'
import { type Page, type Window, readPage } from './page.ts'

/** A saved routing document with the version in force. */
export interface SavedConfig {
  readonly id: Id<'config'>
  readonly organisationId: Id<'organisation'>
  readonly workspaceId: Id<'workspace'>
  /** `pc-…` */
  readonly slug: string
  readonly name: string
  /** What its workspace follows when neither request nor key names a config. */
  readonly isDefault: boolean
  readonly status: 'active' | 'archived'
  readonly version: ConfigVersion
  readonly createdAt: number
  readonly updatedAt: number
}

export interface ConfigVersion {
  readonly id: Id<'config-version'>
  /** 1, 2, 3, … */
  readonly number: number
  /** JSON text. */
  readonly document: string
  /** Id of the key or user that saved it. */
  readonly createdBy: string | null
  readonly createdAt: number
}

/** Members that are left out stay as they are. */
export interface ConfigPatch {
  readonly name?: string
  readonly isDefault?: boolean
  readonly status?: 'active' | 'archived'
  readonly version?: ConfigVersion
}

/** Takes the place of the workspace's default config, if it is one. */
export async function insertConfig(db: Database, config: SavedConfig): Promise<void> {
  if (config.isDefault) await clearDefault(db, config.workspaceId)
  await db
    .insertInto('configs')
    .values({
      id: config.id,
      organisation_id: config.organisationId,
      workspace_id: config.workspaceId,
      slug: config.slug,
      name: config.name,
      is_default: config.isDefault ? 1 : 0,
      status: config.status,
      version_id: config.version.id,
      created_at: config.createdAt,
      updated_at: config.updatedAt,
    })
    .execute()
  await insertVersion(db, config.id, config.version)
}

/** By id or slug, within one organisation. */
export async function findConfig(
  db: Database,
  organisationId: string,
  idOrSlug: string,
): Promise<SavedConfig | undefined> {
  const row = await selectConfigs(db)
    .where('configs.organisation_id', '=', organisationId)
    .where((is) => is.or([is('configs.id', '=', idOrSlug), is('configs.slug', '=', idOrSlug)]))
    .executeTakeFirst()
  return row === undefined ? undefined : toConfig(row)
}

/** In the order in which they were made. */
export async function listConfigs(
  db: Database,
  organisationId: string,
  filter: { readonly workspaceId?: string } = {},
  window: Window = { offset: 0, limit: 100_000 },
): Promise<Page<SavedConfig>> {
  let matching = selectConfigs(db).where('configs.organisation_id', '=', organisationId)
  if (filter.workspaceId !== undefined) matching = matching.where('configs.workspace_id', '=', filter.workspaceId)
  return await readPage(matching.orderBy('configs.created_at').orderBy('configs.id'), window, toConfig)
}

/** Newest first. */
export async function listConfigVersions(db: Database, configId: string): Promise<readonly ConfigVersion[]> {
  const rows = await db
    .selectFrom('config_versions')
    .selectAll()
    .where('config_id', '=', configId)
    .orderBy('number', 'desc')
    .execute()
  return rows.map((row) => ({
    id: asId(row.id),
    number: row.number,
    document: row.document,
    createdBy: row.created_by,
    createdAt: row.created_at,
  }))
}

/** A version in the patch is added to those before it and comes into force. */
export async function updateConfig(db: Database, config: SavedConfig, patch: ConfigPatch, now: number): Promise<void> {
  const { name, isDefault, status, version } = patch
  if (isDefault === true) await clearDefault(db, config.workspaceId)
  if (version !== undefined) await insertVersion(db, config.id, version)
  await db
    .updateTable('configs')
    .set({
      ...(name === undefined ? {} : { name }),
      ...(isDefault === undefined ? {} : { is_default: isDefault ? 1 : 0 }),
      ...(status === undefined ? {} : { status }),
      ...(version === undefined ? {} : { version_id: version.id }),
      updated_at: now,
    })
    .where('id', '=', config.id)
    .execute()
}

/** Takes its versions along. */
export async function deleteConfig(db: Database, id: string): Promise<void> {
  await db.deleteFrom('configs').where('id', '=', id).execute()
}

async function clearDefault(db: Database, workspaceId: string): Promise<void> {
  await db.updateTable('configs').set({ is_default: 0 }).where('workspace_id', '=', workspaceId).execute()
}

async function insertVersion(db: Database, configId: string, version: ConfigVersion): Promise<void> {
  await db
    .insertInto('config_versions')
    .values({
      id: version.id,
      config_id: configId,
      number: version.number,
      document: version.document,
      created_by: version.createdBy,
      created_at: version.createdAt,
    })
    .execute()
}

function selectConfigs(db: Database) {
  return db
    .selectFrom('configs')
    .innerJoin('config_versions', 'config_versions.id', 'configs.version_id')
    .selectAll('configs')
    .select([
      'config_versions.number',
      'config_versions.document',
      'config_versions.created_by',
      'config_versions.created_at as saved_at',
    ])
}

type ConfigRow = Awaited<ReturnType<ReturnType<typeof selectConfigs>['executeTakeFirstOrThrow']>>

function toConfig(row: ConfigRow): SavedConfig {
  return {
    id: asId(row.id),
    organisationId: asId(row.organisation_id),
    workspaceId: asId(row.workspace_id),
    slug: row.slug,
    name: row.name,
    isDefault: row.is_default === 1,
    status: row.status === 'archived' ? 'archived' : 'active',
    version: {
      id: asId(row.version_id),
      number: row.number,
      document: row.document,
      createdBy: row.created_by,
      createdAt: row.saved_at,
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
