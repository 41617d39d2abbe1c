import type { Selectable } from 'kysely'
import type { Budget, LimitLevel, RateLimit } from '../limits/limit.ts'
import type { Database } from './database.ts'
import type { LimitTable } from './schema.ts'

/** What a limit says, without whom it is about. */
export type LimitTerms = BudgetTerms | RateTerms
export type BudgetTerms = Pick<Budget, 'kind' | 'unit' | 'amount' | 'reset' | 'hard' | 'mode' | 'alertAt'>
export type RateTerms = Pick<RateLimit, 'kind' | 'unit' | 'value' | 'windowMs'>

/** Whom a limit is about. */
export interface LimitSubject {
  readonly level: LimitLevel
  /** For an integration in a workspace `<integration id>:<workspace id>`. */
  readonly subjectId: string
}

export interface StoredLimit extends LimitSubject {
  readonly id: string
  readonly organisationId: string
  /** Undefined for one that stands above workspaces. */
  readonly workspaceId: string | undefined
  readonly terms: LimitTerms
  /** Counting begins here, in milliseconds since the epoch. */
  readonly since: number
  readonly createdAt: number
  readonly updatedAt: number
}

export async function insertLimit(db: Database, limit: StoredLimit): Promise<void> {
  await db
    .insertInto('limits')
    .values({
      id: limit.id,
      organisation_id: limit.organisationId,
      workspace_id: limit.workspaceId ?? null,
      level: limit.level,
      subject_id: limit.subjectId,
      kind: limit.terms.kind,
      document: writeTerms(limit.terms),
      since: limit.since,
      created_at: limit.createdAt,
      updated_at: limit.updatedAt,
    })
    .execute()
}

/** Of several subjects of one level, in the order in which they were set. */
export async function listLimits(
  db: Database,
  level: LimitLevel,
  subjectIds: readonly string[],
): Promise<readonly StoredLimit[]> {
  if (subjectIds.length === 0) return []
  const rows = await db
    .selectFrom('limits')
    .selectAll()
    .where('level', '=', level)
    .where('subject_id', 'in', subjectIds)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map(toLimit)
}

export async function updateLimit(
  db: Database,
  id: string,
  patch: { readonly terms?: LimitTerms; readonly since?: number },
  now: number,
): Promise<void> {
  await db
    .updateTable('limits')
    .set({
      ...(patch.terms === undefined ? {} : { document: writeTerms(patch.terms) }),
      ...(patch.since === undefined ? {} : { since: patch.since }),
      updated_at: now,
    })
    .where('id', '=', id)
    .execute()
}

export async function deleteLimits(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await db.deleteFrom('limits').where('id', 'in', ids).execute()
}

/** Of subjects that are deleted themselves. */
export async function deleteLimitsOf(db: Database, level: LimitLevel, subjectIds: readonly string[]): Promise<void> {
  if (subjectIds.length === 0) return
  await db.deleteFrom('limits').where('level', '=', level).where('subject_id', 'in', subjectIds).execute()
}

export function toLimit(row: Selectable<LimitTable>): StoredLimit {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    workspaceId: row.workspace_id ?? undefined,
    level: row.level as LimitLevel,
    subjectId: row.subject_id,
    terms: readTerms(row.kind, row.document),
    since: row.since,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** As it was written: JSON knows no integers of this size, so amounts are text. */
interface BudgetDocument extends Omit<BudgetTerms, 'kind' | 'amount' | 'alertAt'> {
  readonly amount: string
  readonly alertAt: readonly string[]
}

function writeTerms(terms: LimitTerms): string {
  if (terms.kind === 'rate') return JSON.stringify({ unit: terms.unit, value: terms.value, windowMs: terms.windowMs })
  const { unit, amount, reset, hard, mode, alertAt } = terms
  const document: BudgetDocument = { unit, amount: String(amount), reset, hard, mode, alertAt: alertAt.map(String) }
  return JSON.stringify(document)
}

function readTerms(kind: string, json: string): LimitTerms {
  if (kind === 'rate') return { kind, ...(JSON.parse(json) as Omit<RateTerms, 'kind'>) }
  const document = JSON.parse(json) as BudgetDocument
  return { kind: 'budget', ...document, amount: BigInt(document.amount), alertAt: document.alertAt.map(BigInt) }
}
