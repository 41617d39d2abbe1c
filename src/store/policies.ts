import type { Selectable } from 'kysely'
import type { Bucket } from '../limits/limit.ts'
import type { PolicyCondition } from '../limits/policy-conditions.ts'
import type { Database } from './database.ts'
import { toLimit, type StoredLimit } from './limits.ts'
import type { Page, Window } from './page.ts'
import type { PolicyTable } from './schema.ts'

export type PolicyKind = 'usage-limits' | 'rate-limits'

/** A limit of whatever its conditions name. Its limit stands in `limits`, under the same id. */
export interface Policy {
  readonly id: string
  readonly organisationId: string
  /** Undefined for one of the whole organisation. */
  readonly workspaceId: string | undefined
  readonly kind: PolicyKind
  readonly name: string
  readonly description: string | null
  readonly conditions: readonly PolicyCondition[]
  /** Names of facts; each combination of their values has a bucket. */
  readonly groupBy: readonly string[]
  readonly createdAt: number
  readonly updatedAt: number
}

export interface LimitedPolicy extends Policy {
  readonly limit: StoredLimit
}

export interface PolicyFilter {
  readonly kind: PolicyKind
  /** Only those of this workspace. */
  readonly workspaceId?: string
  /** Part of the name, in any case of letters. */
  readonly namePart?: string
}

export async function insertPolicy(db: Database, policy: Policy): Promise<void> {
  await db
    .insertInto('policies')
    .values({
      id: policy.id,
      organisation_id: policy.organisationId,
      workspace_id: policy.workspaceId ?? null,
      kind: policy.kind,
      name: policy.name,
      description: policy.description,
      conditions: JSON.stringify(policy.conditions),
      group_by: JSON.stringify(policy.groupBy.map((key) => ({ key }))),
      created_at: policy.createdAt,
      updated_at: policy.updatedAt,
    })
    .execute()
}

export async function findPolicy(
  db: Database,
  organisationId: string,
  kind: PolicyKind,
  id: string,
): Promise<LimitedPolicy | undefined> {
  const row = await db
    .selectFrom('policies')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('kind', '=', kind)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : (await withLimits(db, [row]))[0]
}

/** Newest first. */
export async function listPolicies(
  db: Database,
  organisationId: string,
  filter: PolicyFilter,
  window?: Window,
): Promise<Page<LimitedPolicy>> {
  let matching = db.selectFrom('policies').where('organisation_id', '=', organisationId).where('kind', '=', filter.kind)
  if (filter.workspaceId !== undefined) matching = matching.where('workspace_id', '=', filter.workspaceId)
  const rows = await matching.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc').execute()
  // Policies are few; folding letters here gives all languages the same answer on both engines.
  const part = filter.namePart?.toLowerCase() ?? ''
  const found = rows.filter((row) => row.name.toLowerCase().includes(part))
  const shown = window === undefined ? found : found.slice(window.offset, window.offset + window.limit)
  return { items: await withLimits(db, shown), total: found.length }
}

export async function updatePolicy(
  db: Database,
  id: string,
  patch: { readonly name?: string; readonly description?: string | null },
  now: number,
): Promise<void> {
  await db
    .updateTable('policies')
    .set({
      ...(patch.name === undefined ? {} : { name: patch.name }),
      ...(patch.description === undefined ? {} : { description: patch.description }),
      updated_at: now,
    })
    .where('id', '=', id)
    .execute()
}

/** With its limit, and with what was noted about its buckets. */
export async function deletePolicy(db: Database, id: string): Promise<void> {
  await db.deleteFrom('limits').where('id', '=', id).execute()
  await db
    .deleteFrom('bucket_resets')
    .where((is) => is.or([is('bucket', '=', id), is('bucket', 'like', `${id}|%`)]))
    .execute()
  await db.deleteFrom('policies').where('id', '=', id).execute()
}

/** Begins one bucket anew; the others of its policy go on. */
export async function resetBucket(db: Database, bucket: Bucket, now: number): Promise<void> {
  await db
    .insertInto('bucket_resets')
    .values({ bucket, since: now })
    .onConflict((conflict) => conflict.column('bucket').doUpdateSet({ since: now }))
    .execute()
}

export function readConditions(json: string): readonly PolicyCondition[] {
  return JSON.parse(json) as PolicyCondition[]
}

export function readGroups(json: string): readonly string[] {
  return (JSON.parse(json) as { readonly key: string }[]).map(({ key }) => key)
}

async function withLimits(db: Database, rows: readonly Selectable<PolicyTable>[]): Promise<LimitedPolicy[]> {
  if (rows.length === 0) return []
  const limits = await db
    .selectFrom('limits')
    .selectAll()
    .where(
      'id',
      'in',
      rows.map(({ id }) => id),
    )
    .execute()
  const byId = new Map(limits.map((row) => [row.id, toLimit(row)]))
  return rows.flatMap((row) => {
    const limit = byId.get(row.id)
    return limit === undefined ? [] : [{ ...toPolicy(row), limit }]
  })
}

function toPolicy(row: Selectable<PolicyTable>): Policy {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    workspaceId: row.workspace_id ?? undefined,
    kind: row.kind as PolicyKind,
    name: row.name,
    description: row.description,
    conditions: readConditions(row.conditions),
    groupBy: readGroups(row.group_by),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
