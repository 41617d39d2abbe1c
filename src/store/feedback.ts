import { sql, type Selectable } from 'kysely'
import type { Database } from './database.ts'
import { narrowExchanges, type ExchangeFilter, type ExchangeScope } from './exchanges.ts'
import { engineOf } from './engine.ts'
import { tagValue } from './filter-sql.ts'
import type { FeedbackTable } from './schema-records.ts'

/** What somebody thinks of what happened under a trace id. */
export interface Feedback {
  readonly id: string
  readonly organisationId: string
  readonly workspaceId: string
  readonly keyId: string | null
  readonly userId: string | null
  readonly traceId: string
  /** -10 to 10. */
  readonly value: number
  /** 0 to 1. */
  readonly weight: number
  readonly metadata: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly updatedAt: number
}

export async function insertFeedback(db: Database, given: readonly Feedback[]): Promise<void> {
  for (const each of given) await db.insertInto('feedback').values(toRow(each)).execute()
}

export async function updateFeedback(db: Database, changed: Feedback): Promise<void> {
  await db.updateTable('feedback').set(toRow(changed)).where('id', '=', changed.id).execute()
}

export async function findFeedback(db: Database, scope: ExchangeScope, id: string): Promise<Feedback | undefined> {
  const row = await narrow(db, scope).where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : toFeedback(row)
}

/** Of one trace, oldest first. */
export async function listTraceFeedback(
  db: Database,
  scope: ExchangeScope,
  traceId: string,
  limit: number,
): Promise<readonly Feedback[]> {
  const rows = await narrow(db, scope)
    .where('trace_id', '=', traceId)
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(toFeedback)
}

/** More is not added up: people give feedback one by one. */
const SCORES_MAX = 50_000

export interface Score {
  readonly traceId: string
  readonly value: number
  readonly weight: number
  readonly createdAt: number
}

/** Feedback given in a range of time, the newest first; with conditions only that of traces with a record that meets them. */
export async function listScores(
  db: Database,
  { since, until, conditions = [], ...scope }: ExchangeFilter & { readonly since: number; readonly until: number },
): Promise<readonly Score[]> {
  let query = narrow(db, scope).where('created_at', '>=', since).where('created_at', '<', until)
  if (conditions.length > 0) {
    const traces = narrowExchanges(db, { ...scope, conditions })
      .where('trace_id', 'is not', null)
      .select('trace_id')
    query = query.where('trace_id', 'in', traces as never)
  }
  const rows = await query.orderBy('created_at', 'desc').limit(SCORES_MAX).execute()
  return rows.map(({ trace_id: traceId, value, weight, created_at: createdAt }) => ({
    traceId,
    value,
    weight,
    createdAt,
  }))
}

/** Of some traces of a scope, which model served them; a trace may have several. */
export async function listTraceModels(
  db: Database,
  scope: ExchangeScope,
  traceIds: readonly string[],
): Promise<readonly { readonly traceId: string; readonly model: string }[]> {
  const found: { traceId: string; model: string }[] = []
  for (let from = 0; from < traceIds.length; from += TRACES_AT_ONCE) {
    const rows = await narrowExchanges(db, scope)
      .where('trace_id', 'in', traceIds.slice(from, from + TRACES_AT_ONCE))
      .select(['trace_id', 'model_served', 'model_asked'])
      .groupBy(['trace_id', 'model_served', 'model_asked'])
      .execute()
    for (const { trace_id: traceId, model_served: served, model_asked: asked } of rows) {
      if (traceId !== null) found.push({ traceId, model: served ?? asked ?? '' })
    }
  }
  return found
}

/** Requests of some traces by the value of a tag. */
export async function countTraceTags(
  db: Database,
  scope: ExchangeScope,
  { tag, traceIds }: { readonly tag: string; readonly traceIds: readonly string[] },
): Promise<readonly { readonly traceId: string; readonly value: string; readonly requests: number }[]> {
  const found: { traceId: string; value: string; requests: number }[] = []
  for (let from = 0; from < traceIds.length; from += TRACES_AT_ONCE) {
    const rows = await narrowExchanges(db, scope)
      .where('trace_id', 'in', traceIds.slice(from, from + TRACES_AT_ONCE))
      .select('trace_id')
      .select(tagValue(tag, engineOf(db)).as('tag_value'))
      .select(({ fn }) => fn.countAll<number>().as('requests'))
      .groupBy([sql.ref('trace_id'), sql.ref('tag_value')])
      .execute()
    for (const { trace_id: traceId, tag_value: value, requests } of rows) {
      if (traceId !== null && value !== null) found.push({ traceId, value, requests })
    }
  }
  return found
}

const TRACES_AT_ONCE = 500

function narrow(db: Database, { organisationId, workspaceId, keyId, userId }: ExchangeScope) {
  let query = db.selectFrom('feedback').selectAll().where('organisation_id', '=', organisationId)
  if (workspaceId !== undefined) query = query.where('workspace_id', '=', workspaceId)
  if (keyId !== undefined) query = query.where('key_id', '=', keyId)
  if (userId !== undefined) query = query.where('user_id', '=', userId)
  return query
}

function toRow(given: Feedback): FeedbackTable {
  return {
    id: given.id,
    organisation_id: given.organisationId,
    workspace_id: given.workspaceId,
    key_id: given.keyId,
    user_id: given.userId,
    trace_id: given.traceId,
    value: given.value,
    weight: given.weight,
    metadata: JSON.stringify(given.metadata),
    created_at: given.createdAt,
    updated_at: given.updatedAt,
  }
}

function toFeedback(row: Selectable<FeedbackTable>): Feedback {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    workspaceId: row.workspace_id,
    keyId: row.key_id,
    userId: row.user_id,
    traceId: row.trace_id,
    value: row.value,
    weight: row.weight,
    metadata: JSON.parse(row.metadata) as Readonly<Record<string, unknown>>,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
