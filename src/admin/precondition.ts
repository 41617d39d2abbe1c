import { findLastAuditEntry } from '../store/audit.ts'
import type { Database } from '../store/database.ts'
import type { Precondition } from './caller.ts'
import { forbidden, invalid, StaleError } from './error.ts'
import { etagOf, isMatch } from './etag.ts'
import type { AdminParts } from './parts.ts'
import type { AdminRoute, Asked } from './route.ts'
import { showMoment } from './show-moment.ts'

/**
 * What `if-match` asks of a change: that the thing is still as the caller has read it. `reader` is the endpoint that shows
 * it, at the same path. Undefined without the header. Throws AB01 where there is nothing to compare with, and AB03 for who may
 * not read it.
 */
export function readPrecondition(
  ifMatch: string | undefined,
  reader: AdminRoute | undefined,
  asked: Asked,
  parts: AdminParts,
): Precondition | undefined {
  if (ifMatch === undefined) return undefined
  if (reader === undefined) throw invalid('if-match: this endpoint changes nothing that can be read at its address')
  if (reader.scope.length > 0 && !reader.scope.some((name) => asked.caller.scopes.has(name))) {
    throw forbidden(`if-match: to compare, it needs a scope to read: ${reader.scope.join(' or ')}.`)
  }
  let isChecked = false
  return async (tx, resource) => {
    // A change in several steps is checked before its first one; from then on the thing differs because of us.
    if (isChecked) return
    isChecked = true
    const shown = await reader.answer({ ...asked, body: undefined, query: queryFor(reader, asked) }, within(tx, parts))
    const etag = etagOf(shown)
    if (isMatch(ifMatch, etag)) return
    const id = memberOf(shown, 'id')
    const last =
      typeof id === 'string' ? await findLastAuditEntry(tx, asked.caller.organisationId, resource, id) : undefined
    throw new StaleError(last && { by: last.actor.name ?? 'somebody', at: showMoment(last.at) }, etag)
  }
}

/** A change names its workspace in the body, where reading has it in the query. */
function queryFor(reader: AdminRoute, { query, body }: Asked): Readonly<Record<string, unknown>> {
  const told = { workspace_id: memberOf(body, 'workspace_id'), ...(query as object) }
  return Object.fromEntries(
    Object.entries(told).filter(([name, value]) => reader.queryNames.includes(name) && value !== undefined),
  )
}

/** The parts as seen from inside a transaction, which has the store's only connection: nothing may wait for another. */
function within(tx: Database, parts: AdminParts): AdminParts {
  return { ...parts, store: { ...parts.store, db: tx }, flushRecords: async () => {} }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}
