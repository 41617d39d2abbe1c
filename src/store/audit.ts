import { createHash } from 'node:crypto'
import type { Database } from './database.ts'
import type { AuditEntryTable } from './schema.ts'

/*
 * The audit trail: one row per change of the control plane, only ever added. Each row carries a hash over itself and the
 * hash of the row before, so that nobody can edit, remove or slip in a row without every later hash telling.
 */

/** Who did it, as they were called then: names change, and people leave. */
export interface AuditActor {
  readonly type: 'api_key' | 'user' | 'preset_key' | 'nobody'
  /** Of the key or user; null for the key that the environment presets and for somebody unknown. */
  readonly id: string | null
  /** The key's name, or the person's e-mail address. */
  readonly name: string | null
  /** The person to whom the key belongs. */
  readonly user_id: string | null
}

/** How and from where it was asked. */
export interface AuditRequest {
  readonly id: string
  readonly method: string
  /** Path and query. */
  readonly uri: string
  /** Of the connection. Behind a reverse proxy that is the proxy. */
  readonly client_ip: string
  /** The `x-forwarded-for` header, which anybody may write: a claim. */
  readonly forwarded_for: string | null
  readonly user_agent: string | null
  /** HTTP status of the answer. */
  readonly status: number
}

/** A change as it is handed over. */
export interface NewAuditEntry {
  readonly organisationId: string
  readonly workspaceId: string | null
  readonly at: number
  readonly action: string
  readonly resourceType: string
  readonly resourceId: string | null
  readonly actor: AuditActor
  readonly request: AuditRequest
  readonly reason: string | null
  /** The resource as the API shows it, without secrets; null before it was there. */
  readonly before: unknown
  readonly after: unknown
}

/** What the first entry has for the hash of the one before. */
export const NO_HASH = '0'.repeat(64)

/** Adds to the end of the trail. Call it in the transaction of the change, so that there is neither without the other. */
export async function appendAuditEntry(tx: Database, entry: NewAuditEntry): Promise<void> {
  const last = await tx
    .selectFrom('audit_entries')
    .select(['number', 'hash'])
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  const row = {
    number: (last?.number ?? 0) + 1,
    organisation_id: entry.organisationId,
    workspace_id: entry.workspaceId,
    at: entry.at,
    action: entry.action,
    resource_type: entry.resourceType,
    resource_id: entry.resourceId,
    actor: JSON.stringify(entry.actor),
    request: JSON.stringify(entry.request),
    reason: entry.reason,
    before: writeDocument(entry.before),
    after: writeDocument(entry.after),
    previous_hash: last?.hash ?? NO_HASH,
  }
  await tx
    .insertInto('audit_entries')
    .values({ ...row, hash: hashOf(row) })
    .execute()
}

/**
 * SHA-256 in hex over the columns as they are stored, as a JSON array in this order. Documents are hashed as text, so there
 * is one spelling of an entry and no question of how a document would be written again.
 */
export function hashOf(row: Omit<AuditEntryTable, 'hash'>): string {
  const columns = [
    row.previous_hash,
    row.number,
    row.organisation_id,
    row.workspace_id,
    row.at,
    row.action,
    row.resource_type,
    row.resource_id,
    row.actor,
    row.request,
    row.reason,
    row.before,
    row.after,
  ]
  return createHash('sha256').update(JSON.stringify(columns)).digest('hex')
}

function writeDocument(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value)
}
