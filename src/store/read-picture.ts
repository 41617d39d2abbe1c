import type { Selectable } from 'kysely'
import { readRevision } from './changes.ts'
import type { Database } from './database.ts'
import { listPriceVersions, type PriceVersion } from './prices.ts'
import type {
  ApiKeyTable,
  BucketResetTable,
  IntegrationModelTable,
  IntegrationTable,
  LimitTable,
  PolicyTable,
  WorkspaceTable,
} from './schema.ts'

/** Everything the data plane decides by, as it stood at one moment. */
export interface Picture {
  /** Of the newest change that is in it. */
  readonly revision: number
  readonly organisation: { readonly id: string; readonly settings: string } | undefined
  readonly workspaces: readonly WorkspaceRow[]
  readonly keys: readonly KeyRow[]
  /** Ids of people whose keys are refused. */
  readonly suspendedUsers: readonly string[]
  readonly integrations: readonly IntegrationRow[]
  readonly models: readonly Selectable<IntegrationModelTable>[]
  /** Which workspaces may use which integration, beyond those that all may use. */
  readonly permissions: readonly { readonly integration_id: string; readonly workspace_id: string }[]
  readonly providers: readonly ProviderRow[]
  readonly configs: readonly ConfigRow[]
  /** Newest first. */
  readonly prices: readonly PriceVersion[]
  readonly limits: readonly Selectable<LimitTable>[]
  readonly policies: readonly PolicyRow[]
  /** Buckets that were reset by hand. */
  readonly bucketResets: readonly Selectable<BucketResetTable>[]
}

export type WorkspaceRow = Pick<Selectable<WorkspaceTable>, 'id' | 'slug' | 'name' | 'defaults' | 'records'>

export type PolicyRow = Pick<Selectable<PolicyTable>, 'id' | 'name' | 'conditions' | 'group_by'>

export type KeyRow = Pick<
  Selectable<ApiKeyTable>,
  | 'id'
  | 'organisation_id'
  | 'workspace_id'
  | 'user_id'
  | 'kind'
  | 'name'
  | 'hash'
  | 'scopes'
  | 'defaults'
  | 'records'
  | 'expires_at'
  | 'revoked_at'
  | 'previous_hash'
  | 'previous_expires_at'
>

export type IntegrationRow = Pick<
  Selectable<IntegrationTable>,
  | 'id'
  | 'workspace_id'
  | 'slug'
  | 'kind'
  | 'sealed_credential'
  | 'configurations'
  | 'allow_all_models'
  | 'global_workspace_access'
>

export interface ProviderRow {
  readonly id: string
  readonly workspace_id: string
  readonly integration_id: string
  readonly slug: string
  /** Milliseconds since the epoch. */
  readonly expires_at: number | null
}

/** A config in force, with the document of its newest version. */
export interface ConfigRow {
  readonly id: string
  readonly workspace_id: string
  readonly slug: string
  readonly is_default: number
  readonly version_id: string
  readonly document: string
}

/** Reads it all in one transaction, so that no key is seen without its workspace. */
export async function readPicture(db: Database): Promise<Picture> {
  return await db
    .transaction()
    .setAccessMode('read only')
    .execute(async (tx) => ({
      revision: await readRevision(tx),
      organisation: await tx
        .selectFrom('organisations')
        .select(['id', 'settings'])
        .orderBy('created_at')
        .orderBy('id')
        .executeTakeFirst(),
      workspaces: await tx.selectFrom('workspaces').select(['id', 'slug', 'name', 'defaults', 'records']).execute(),
      keys: await tx
        .selectFrom('api_keys')
        .select(['id', 'organisation_id', 'workspace_id', 'user_id', 'kind', 'name', 'hash', 'scopes', 'defaults'])
        .select(['records', 'expires_at', 'revoked_at', 'previous_hash', 'previous_expires_at'])
        .execute(),
      suspendedUsers: (await tx.selectFrom('users').select('id').where('status', '=', 'suspended').execute()).map(
        ({ id }) => id,
      ),
      integrations: await tx
        .selectFrom('integrations')
        .select(['id', 'workspace_id', 'slug', 'kind', 'sealed_credential', 'configurations'])
        .select(['allow_all_models', 'global_workspace_access'])
        .execute(),
      models: await tx.selectFrom('integration_models').selectAll().orderBy('slug').execute(),
      permissions: await tx.selectFrom('integration_workspaces').select(['integration_id', 'workspace_id']).execute(),
      providers: await tx
        .selectFrom('providers')
        .select(['id', 'workspace_id', 'integration_id', 'slug', 'expires_at'])
        .orderBy('created_at')
        .orderBy('id')
        .execute(),
      configs: await tx
        .selectFrom('configs')
        .innerJoin('config_versions', 'config_versions.id', 'configs.version_id')
        .select(['configs.id', 'configs.workspace_id', 'configs.slug', 'configs.is_default', 'configs.version_id'])
        .select('config_versions.document')
        .where('configs.status', '=', 'active')
        .execute(),
      prices: await listPriceVersions(tx),
      limits: await tx.selectFrom('limits').selectAll().orderBy('created_at').orderBy('id').execute(),
      policies: await tx.selectFrom('policies').select(['id', 'name', 'conditions', 'group_by']).execute(),
      bucketResets: await tx.selectFrom('bucket_resets').selectAll().execute(),
    }))
}
