import type { Selectable } from 'kysely'
import { foldName } from '../core/fold-name.ts'
import { asId, type Id } from '../core/ids.ts'
import type { RecordSettings } from '../core/record-rules.ts'
import type { Database } from './database.ts'
import {
  readRecordSettings,
  readWorkspaceDefaults,
  writeRecordSettings,
  writeWorkspaceDefaults,
  type WorkspaceDefaults,
} from './documents.ts'
import type { Page, Window } from './page.ts'
import type { WorkspaceTable } from './schema.ts'

export interface Workspace {
  readonly id: Id<'workspace'>
  readonly organisationId: Id<'organisation'>
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly isDefault: boolean
  readonly defaults: WorkspaceDefaults
  /** What it says of content; a new one leaves it to the organisation. */
  readonly records?: RecordSettings
  readonly createdAt: number
  readonly updatedAt: number
}

export interface WorkspaceFilter {
  /** Only this one, for callers who see no other. */
  readonly id?: string
  readonly exactName?: string
  /** Part of the name, in any case of letters. */
  readonly namePart?: string
}

/** Members that are left out stay as they are. */
export interface WorkspacePatch {
  readonly name?: string
  readonly description?: string | null
  readonly defaults?: WorkspaceDefaults
  readonly records?: RecordSettings
}

export async function insertWorkspace(db: Database, workspace: Workspace): Promise<void> {
  await db
    .insertInto('workspaces')
    .values({
      id: workspace.id,
      organisation_id: workspace.organisationId,
      slug: workspace.slug,
      name: workspace.name,
      name_key: foldName(workspace.name),
      description: workspace.description,
      is_default: workspace.isDefault ? 1 : 0,
      defaults: writeWorkspaceDefaults(workspace.defaults),
      records: writeRecordSettings(workspace.records ?? {}),
      created_at: workspace.createdAt,
      updated_at: workspace.updatedAt,
    })
    .execute()
}

/** By id or slug, within one organisation. */
export async function findWorkspace(
  db: Database,
  organisationId: string,
  idOrSlug: string,
): Promise<Workspace | undefined> {
  const row = await db
    .selectFrom('workspaces')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where((is) => is.or([is('id', '=', idOrSlug), is('slug', '=', idOrSlug)]))
    .executeTakeFirst()
  return row === undefined ? undefined : toWorkspace(row)
}

/** In the order in which they were made. */
export async function listWorkspaces(
  db: Database,
  organisationId: string,
  filter: WorkspaceFilter = {},
  window?: Window,
): Promise<Page<Workspace>> {
  let matching = db.selectFrom('workspaces').where('organisation_id', '=', organisationId)
  if (filter.id !== undefined) matching = matching.where('id', '=', filter.id)
  if (filter.exactName !== undefined) matching = matching.where('name', '=', filter.exactName)
  const rows = await matching.selectAll().orderBy('created_at').orderBy('id').execute()
  // Workspaces are few; folding letters here gives all languages the same answer on both engines.
  const part = filter.namePart?.toLowerCase() ?? ''
  const found = rows.filter((row) => row.name.toLowerCase().includes(part))
  const shown = window === undefined ? found : found.slice(window.offset, window.offset + window.limit)
  return { items: shown.map(toWorkspace), total: found.length }
}

export async function updateWorkspace(db: Database, id: string, patch: WorkspacePatch, now: number): Promise<void> {
  await db
    .updateTable('workspaces')
    .set({
      ...(patch.name === undefined ? {} : { name: patch.name, name_key: foldName(patch.name) }),
      ...(patch.description === undefined ? {} : { description: patch.description }),
      ...(patch.defaults === undefined ? {} : { defaults: writeWorkspaceDefaults(patch.defaults) }),
      ...(patch.records === undefined ? {} : { records: writeRecordSettings(patch.records) }),
      updated_at: now,
    })
    .where('id', '=', id)
    .execute()
}

/**
 * Takes a workspace away with its providers, configs, own integrations and members. Its keys stay as revoked ones, because
 * records point at them; what was recorded stays as it is.
 */
export async function deleteWorkspace(db: Database, id: string, now: number): Promise<void> {
  await db
    .updateTable('api_keys')
    .set({ revoked_at: now })
    .where('workspace_id', '=', id)
    .where('revoked_at', 'is', null)
    .execute()
  await db.updateTable('api_keys').set({ workspace_id: null }).where('workspace_id', '=', id).execute()
  await db.deleteFrom('configs').where('workspace_id', '=', id).execute()
  await db.deleteFrom('providers').where('workspace_id', '=', id).execute()
  await db.deleteFrom('integrations').where('workspace_id', '=', id).execute()
  await db.deleteFrom('workspaces').where('id', '=', id).execute()
}

/** What still lives in a workspace: live keys, providers, configs. */
export async function countContents(db: Database, id: string): Promise<WorkspaceContents> {
  const [keys, providers, configs] = await Promise.all([
    db.selectFrom('api_keys').select('id').where('workspace_id', '=', id).where('revoked_at', 'is', null).execute(),
    db.selectFrom('providers').select('id').where('workspace_id', '=', id).execute(),
    db.selectFrom('configs').select('id').where('workspace_id', '=', id).execute(),
  ])
  return { keys: keys.length, providers: providers.length, configs: configs.length }
}

export interface WorkspaceContents {
  readonly keys: number
  readonly providers: number
  readonly configs: number
}

function toWorkspace(row: Selectable<WorkspaceTable>): Workspace {
  return {
    id: asId(row.id),
    organisationId: asId(row.organisation_id),
    slug: row.slug,
    name: row.name,
    description: row.description,
    isDefault: row.is_default === 1,
    defaults: readWorkspaceDefaults(row.defaults),
    records: readRecordSettings(row.records),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
