import { createHash } from 'node:crypto'
import type { Database } from './database.ts'
import { type Page, type Window, readPage } from './page.ts'
import { readMember } from './read-member.ts'
import type { AuditEntryTable } from './schema.ts'

/*
 * The audit trail: one row per change of the control plane, only ever added. Each row carries a hash over itself and the
 * hash of the row before, so that nobody can edit, remove or slip in a row without every later hash telling.
 */

/**
 * Who did it, as they were called then: names change, and people leave. An operator is whoever may start commands on the
 * gateway's machine.
 */
export interface AuditActor {
  readonly type: 'api_key' | 'user' | 'preset_key' | 'operator' | 'nobody'
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
  /** The resource as the API shows it, without secrets; null before it was there. Kept up to 128 KB, beyond that as a hash. */
  readonly before: unknown
  readonly after: unknown
}

/** What the first entry has for the hash of the one before. */
export const NO_HASH = '0'.repeat(64)

/**
 * Adds to the end of the trail. Call it in the transaction of the change, so that there is neither without the other. The store
 * lets one transaction write at a time, so no two read the same end.
 */
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

/** Of one document; a price table, the largest that people write, has about 100 KB. */
const DOCUMENT_CHARACTERS_MAX = 131_072

/** What is too large to keep is told by its size and hash: reading the trail has to stay possible. */
function writeDocument(value: unknown): string | null {
  if (value === undefined || value === null) return null
  const text = JSON.stringify(value)
  if (text.length <= DOCUMENT_CHARACTERS_MAX) return text
  const sha256 = createHash('sha256').update(text).digest('hex')
  return JSON.stringify({ too_large: true, characters: text.length, sha256 })
}

/** An entry as it was read. */
export interface AuditEntry extends NewAuditEntry {
  readonly number: number
  readonly previousHash: string
  readonly hash: string
}

/** Which entries; all members that are there have to fit. */
export interface AuditFilter {
  readonly workspaceId?: string | undefined
  /** Milliseconds since the epoch, both inclusive. */
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly action?: string | undefined
  readonly resourceType?: string | undefined
  readonly resourceId?: string | undefined
  /** Of a key, or of a person: also what was done with that person's keys. */
  readonly actorId?: string | undefined
  readonly actorType?: AuditActor['type'] | undefined
  /** Equal to that member of the request. */
  readonly request?: { readonly [Name in keyof AuditRequest]?: AuditRequest[Name] | undefined } | undefined
  /** Only entries with a higher number. */
  readonly after?: number | undefined
}

/** Newest first; with `after`, oldest first, for whoever reads on from where they were. */
export async function listAuditEntries(
  db: Database,
  organisationId: string,
  filter: AuditFilter,
  window: Window,
): Promise<Page<AuditEntry>> {
  let matching = db.selectFrom('audit_entries').where('organisation_id', '=', organisationId)
  const { workspaceId, from, to, action, resourceType, resourceId, actorId, actorType, after } = filter
  if (workspaceId !== undefined) matching = matching.where('workspace_id', '=', workspaceId)
  if (from !== undefined) matching = matching.where('at', '>=', from)
  if (to !== undefined) matching = matching.where('at', '<=', to)
  if (action !== undefined) matching = matching.where('action', '=', action)
  if (resourceType !== undefined) matching = matching.where('resource_type', '=', resourceType)
  if (resourceId !== undefined) matching = matching.where('resource_id', '=', resourceId)
  if (actorType !== undefined) matching = matching.where(readMember(db, 'actor', 'type'), '=', actorType)
  if (actorId !== undefined) {
    const [itself, person] = [readMember(db, 'actor', 'id'), readMember(db, 'actor', 'user_id')]
    matching = matching.where((is) => is.or([is(itself, '=', actorId), is(person, '=', actorId)]))
  }
  for (const [name, value] of Object.entries(filter.request ?? {})) {
    if (value !== undefined) matching = matching.where(readMember(db, 'request', name), '=', String(value))
  }
  if (after !== undefined) matching = matching.where('number', '>', after)
  return await readPage(matching.selectAll().orderBy('number', after === undefined ? 'desc' : 'asc'), window, toEntry)
}

/** The newest entry about one thing. */
export async function findLastAuditEntry(
  db: Database,
  organisationId: string,
  resourceType: string,
  resourceId: string,
): Promise<AuditEntry | undefined> {
  const filter = { resourceType, resourceId }
  const { items } = await listAuditEntries(db, organisationId, filter, { offset: 0, limit: 1 })
  return items[0]
}

/** Who has done something to one thing since a moment (milliseconds since the epoch), newest first; a thousand at most. */
export async function listActs(
  db: Database,
  organisationId: string,
  { action, resourceType, resourceId, since = 0 }: ActFilter,
): Promise<readonly AuditEntry[]> {
  const rows = await db
    .selectFrom('audit_entries')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .where('organisation_id', '=', organisationId)
    .where('resource_type', '=', resourceType)
    .where('action', '=', action)
    .where('at', '>=', since)
    .orderBy('number', 'desc')
    .limit(ACTS_MAX)
    .execute()
  return rows.map(toEntry)
}

export interface ActFilter {
  readonly action: string
  readonly resourceType: string
  readonly resourceId: string
  readonly since?: number
}

const ACTS_MAX = 1_000

function toEntry(row: AuditEntryTable): AuditEntry {
  return {
    number: row.number,
    organisationId: row.organisation_id,
    workspaceId: row.workspace_id,
    at: row.at,
    action: row.action,
    resourceType: row.resource_type,
    resourceId: row.resource_id,
    actor: JSON.parse(row.actor) as AuditActor,
    request: JSON.parse(row.request) as AuditRequest,
    reason: row.reason,
    before: row.before === null ? null : JSON.parse(row.before),
    after: row.after === null ? null : JSON.parse(row.after),
    previousHash: row.previous_hash,
    hash: row.hash,
  }
}
