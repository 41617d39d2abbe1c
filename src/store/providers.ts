import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'
import { type Page, type Window, readPage } from './page.ts'

export interface Provider {
  readonly id: Id<'provider'>
  readonly workspaceId: Id<'workspace'>
  readonly integrationId: Id<'integration'>
  /** Without the `@`. */
  readonly slug: string
  readonly name: string
  readonly note: string | null
  /** From then on it serves nobody, in milliseconds since the epoch. */
  readonly expiresAt?: number | undefined
  readonly createdAt: number
  readonly updatedAt: number
}

/** A provider with what its integration and its workspace are called. */
export interface ListedProvider extends Provider {
  readonly kind: string
  readonly integrationSlug: string
  readonly integrationName: string
  readonly workspaceSlug: string
  readonly workspaceName: string
}

export interface ProviderFilter {
  readonly workspaceId?: string
  readonly integrationId?: string
}

/** Members that are left out stay as they are. */
export interface ProviderPatch {
  readonly name?: string
  readonly note?: string | null
  /** Null: it never expires. */
  readonly expiresAt?: number | null
}

export async function insertProvider(db: Database, provider: Provider): Promise<void> {
  await db
    .insertInto('providers')
    .values({
      id: provider.id,
      workspace_id: provider.workspaceId,
      integration_id: provider.integrationId,
      slug: provider.slug,
      name: provider.name,
      note: provider.note,
      expires_at: provider.expiresAt ?? null,
      created_at: provider.createdAt,
      updated_at: provider.updatedAt,
    })
    .execute()
}

/** By id or slug, within one workspace. */
export async function findProvider(
  db: Database,
  workspaceId: string,
  idOrSlug: string,
): Promise<ListedProvider | undefined> {
  const row = await selectListed(db)
    .where('providers.workspace_id', '=', workspaceId)
    .where((is) => is.or([is('providers.id', '=', idOrSlug), is('providers.slug', '=', idOrSlug)]))
    .executeTakeFirst()
  return row === undefined ? undefined : toListed(row)
}

/** In the order in which they were made. */
export async function listProviders(
  db: Database,
  organisationId: string,
  filter: ProviderFilter = {},
  window: Window = { offset: 0, limit: 1000 },
): Promise<Page<ListedProvider>> {
  let matching = selectListed(db).where('workspaces.organisation_id', '=', organisationId)
  if (filter.workspaceId !== undefined) matching = matching.where('providers.workspace_id', '=', filter.workspaceId)
  if (filter.integrationId !== undefined)
    matching = matching.where('providers.integration_id', '=', filter.integrationId)
  return await readPage(matching.orderBy('providers.created_at').orderBy('providers.id'), window, toListed)
}

/** The slugs that are taken in a workspace. */
export async function listProviderSlugs(db: Database, workspaceId: string): Promise<readonly string[]> {
  const rows = await db.selectFrom('providers').select('slug').where('workspace_id', '=', workspaceId).execute()
  return rows.map(({ slug }) => slug)
}

export async function updateProvider(db: Database, id: string, patch: ProviderPatch, now: number): Promise<void> {
  await db
    .updateTable('providers')
    .set({
      ...(patch.name === undefined ? {} : { name: patch.name }),
      ...(patch.note === undefined ? {} : { note: patch.note }),
      ...(patch.expiresAt === undefined ? {} : { expires_at: patch.expiresAt }),
      updated_at: now,
    })
    .where('id', '=', id)
    .execute()
}

export async function deleteProvider(db: Database, id: string): Promise<void> {
  await db.deleteFrom('providers').where('id', '=', id).execute()
}

function selectListed(db: Database) {
  return db
    .selectFrom('providers')
    .innerJoin('integrations', 'integrations.id', 'providers.integration_id')
    .innerJoin('workspaces', 'workspaces.id', 'providers.workspace_id')
    .selectAll('providers')
    .select([
      'integrations.kind',
      'integrations.slug as integration_slug',
      'integrations.name as integration_name',
      'workspaces.slug as workspace_slug',
      'workspaces.name as workspace_name',
    ])
}

type ListedRow = Awaited<ReturnType<ReturnType<typeof selectListed>['executeTakeFirstOrThrow']>>

function toListed(row: ListedRow): ListedProvider {
  return {
    id: asId(row.id),
    workspaceId: asId(row.workspace_id),
    integrationId: asId(row.integration_id),
    slug: row.slug,
    name: row.name,
    note: row.note,
    expiresAt: row.expires_at ?? undefined,
    kind: row.kind,
    integrationSlug: row.integration_slug,
    integrationName: row.integration_name,
    workspaceSlug: row.workspace_slug,
    workspaceName: row.workspace_name,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
