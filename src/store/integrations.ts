import type { Selectable } from 'kysely'
import { asId, type Id } from '../core/ids.ts'
import type { Database } from './database.ts'
import type { ProviderSettings } from '../providers/adapter.ts'
import { readSettings } from './documents.ts'
import { type Page, type Window, readPage } from './page.ts'
import type { IntegrationTable } from './schema.ts'

export interface Integration {
  readonly id: Id<'integration'>
  readonly organisationId: Id<'organisation'>
  /** Undefined when the organisation owns it. */
  readonly workspaceId: Id<'workspace'> | undefined
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly kind: string
  readonly sealedCredential: string | null
  readonly maskedCredential: string | null
  readonly configurations: ProviderSettings
  readonly allowAllModels: boolean
  readonly globalWorkspaceAccess: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

export interface IntegrationModel {
  /** The name that goes upstream; a `*` at its end stands for any rest. */
  readonly slug: string
  readonly enabled: boolean
  readonly isCustom: boolean
  readonly baseModelSlug: string | null
}

export interface IntegrationFilter {
  /** `organisation` owned, or `workspace` owned. */
  readonly owner?: 'organisation' | 'workspace'
  /** Those this workspace may use: its own, and the organisation's that are open to it. */
  readonly usableBy?: string
}

/** Members that are left out stay as they are. */
export interface IntegrationPatch {
  readonly name?: string
  readonly description?: string | null
  /** Both together, because the one shows the end of the other. */
  readonly credential?: { readonly sealed: string | null; readonly masked: string | null }
  readonly configurations?: ProviderSettings
  readonly allowAllModels?: boolean
  readonly globalWorkspaceAccess?: boolean
}

export async function insertIntegration(db: Database, integration: Integration): Promise<void> {
  await db
    .insertInto('integrations')
    .values({
      id: integration.id,
      organisation_id: integration.organisationId,
      workspace_id: integration.workspaceId ?? null,
      slug: integration.slug,
      name: integration.name,
      description: integration.description,
      kind: integration.kind,
      sealed_credential: integration.sealedCredential,
      masked_credential: integration.maskedCredential,
      configurations: JSON.stringify(integration.configurations),
      allow_all_models: integration.allowAllModels ? 1 : 0,
      global_workspace_access: integration.globalWorkspaceAccess ? 1 : 0,
      created_at: integration.createdAt,
      updated_at: integration.updatedAt,
    })
    .execute()
}

/** By id or slug, within one organisation. */
export async function findIntegration(
  db: Database,
  organisationId: string,
  idOrSlug: string,
): Promise<Integration | undefined> {
  const row = await db
    .selectFrom('integrations')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where((is) => is.or([is('id', '=', idOrSlug), is('slug', '=', idOrSlug)]))
    .executeTakeFirst()
  return row === undefined ? undefined : toIntegration(row)
}

/** In the order in which they were made. */
export async function listIntegrations(
  db: Database,
  organisationId: string,
  filter: IntegrationFilter = {},
  window: Window = { offset: 0, limit: 1000 },
): Promise<Page<Integration>> {
  let matching = db.selectFrom('integrations').where('organisation_id', '=', organisationId)
  if (filter.owner === 'organisation') matching = matching.where('workspace_id', 'is', null)
  if (filter.owner === 'workspace') matching = matching.where('workspace_id', 'is not', null)
  const { usableBy } = filter
  if (usableBy !== undefined) {
    matching = matching.where((is) =>
      is.or([
        is('workspace_id', '=', usableBy),
        is.and([is('workspace_id', 'is', null), is('global_workspace_access', '=', 1)]),
        is.exists(
          is
            .selectFrom('integration_workspaces')
            .select('integration_workspaces.workspace_id')
            .whereRef('integration_workspaces.integration_id', '=', 'integrations.id')
            .where('integration_workspaces.workspace_id', '=', usableBy),
        ),
      ]),
    )
  }
  return await readPage(matching.selectAll().orderBy('created_at').orderBy('id'), window, toIntegration)
}

export async function updateIntegration(db: Database, id: string, patch: IntegrationPatch, now: number): Promise<void> {
  const { credential, configurations, allowAllModels, globalWorkspaceAccess } = patch
  await db
    .updateTable('integrations')
    .set({
      ...(patch.name === undefined ? {} : { name: patch.name }),
      ...(patch.description === undefined ? {} : { description: patch.description }),
      ...(credential === undefined
        ? {}
        : { sealed_credential: credential.sealed, masked_credential: credential.masked }),
      ...(configurations === undefined ? {} : { configurations: JSON.stringify(configurations) }),
      ...(allowAllModels === undefined ? {} : { allow_all_models: allowAllModels ? 1 : 0 }),
      ...(globalWorkspaceAccess === undefined ? {} : { global_workspace_access: globalWorkspaceAccess ? 1 : 0 }),
      updated_at: now,
    })
    .where('id', '=', id)
    .execute()
}

/** Takes its models and permissions along. Fails as `dangling` while providers use it. */
export async function deleteIntegration(db: Database, id: string): Promise<void> {
  await db.deleteFrom('integrations').where('id', '=', id).execute()
}

export async function listIntegrationModels(db: Database, integrationId: string): Promise<readonly IntegrationModel[]> {
  const rows = await db
    .selectFrom('integration_models')
    .selectAll()
    .where('integration_id', '=', integrationId)
    .orderBy('slug')
    .execute()
  return rows.map((row) => ({
    slug: row.slug,
    enabled: row.enabled === 1,
    isCustom: row.is_custom === 1,
    baseModelSlug: row.base_model_slug,
  }))
}

/** Adds models or replaces those of the same slug; others stay. */
export async function putIntegrationModels(
  db: Database,
  integrationId: string,
  models: readonly IntegrationModel[],
): Promise<void> {
  for (const model of models) {
    const columns = {
      enabled: model.enabled ? 1 : 0,
      is_custom: model.isCustom ? 1 : 0,
      base_model_slug: model.baseModelSlug,
    }
    await db
      .insertInto('integration_models')
      .values({ integration_id: integrationId, slug: model.slug, ...columns })
      .onConflict((conflict) => conflict.columns(['integration_id', 'slug']).doUpdateSet(columns))
      .execute()
  }
}

export async function deleteIntegrationModels(
  db: Database,
  integrationId: string,
  slugs: readonly string[],
): Promise<void> {
  for (const slug of slugs) {
    await db
      .deleteFrom('integration_models')
      .where('integration_id', '=', integrationId)
      .where('slug', '=', slug)
      .execute()
  }
}

/** Ids of the workspaces that were let in by name; those of `globalWorkspaceAccess` are not among them. */
export async function listIntegrationWorkspaceIds(
  db: Database,
  integrationId: string,
): Promise<readonly Id<'workspace'>[]> {
  const rows = await db
    .selectFrom('integration_workspaces')
    .select('workspace_id')
    .where('integration_id', '=', integrationId)
    .execute()
  return rows.map((row) => asId(row.workspace_id))
}

export async function allowIntegrationWorkspace(
  db: Database,
  integrationId: string,
  workspaceId: string,
): Promise<void> {
  await db
    .insertInto('integration_workspaces')
    .values({ integration_id: integrationId, workspace_id: workspaceId })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** The workspace's providers stay, but serve no more until it is let in again. */
export async function denyIntegrationWorkspace(
  db: Database,
  integrationId: string,
  workspaceId: string,
): Promise<void> {
  await db
    .deleteFrom('integration_workspaces')
    .where('integration_id', '=', integrationId)
    .where('workspace_id', '=', workspaceId)
    .execute()
}

function toIntegration(row: Selectable<IntegrationTable>): Integration {
  return {
    id: asId(row.id),
    organisationId: asId(row.organisation_id),
    workspaceId: row.workspace_id === null ? undefined : asId(row.workspace_id),
    slug: row.slug,
    name: row.name,
    description: row.description,
    kind: row.kind,
    sealedCredential: row.sealed_credential,
    maskedCredential: row.masked_credential,
    configurations: readSettings(row.configurations),
    allowAllModels: row.allow_all_models === 1,
    globalWorkspaceAccess: row.global_workspace_access === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
