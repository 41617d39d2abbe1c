import { CONTENT_SCOPE } from '../../contract/scopes.ts'
import { appendAuditEntry, listActs } from '../../store/audit.ts'
import type { Database } from '../../store/database.ts'
import { keepRequest, nameActor } from '../audit/name-actor.ts'
import type { AdminCaller, Identity } from '../caller.ts'
import { forbidden, invalid } from '../error.ts'
import type { AdminParts } from '../parts.ts'

/*
 * Content is what people wrote and were answered: bodies, previews, titles. Everybody opens their own. What others wrote takes
 * the scope `content.read` and a reason, and leaves an entry in the audit trail that the person sees.
 */

/** Whose content it is; a record and a session both say so. */
export interface Owned {
  readonly id: string
  readonly workspace_id: string | null
  readonly user_id: string | null
  readonly key_id: string | null
  /** `ses_…`; null for an exchange without one. */
  readonly session_key: string | null
}

/** Opened again by the same person within an hour, a session is open still. */
const OPENING_MS = 3_600_000

/** Whether the caller made it, as a person or with the very key. */
export function isOwnContent(
  caller: Identity,
  { user_id: userId, key_id: keyId }: Omit<Owned, 'session_key'>,
): boolean {
  const isPerson = userId !== null && caller.userId === userId
  return isPerson || (keyId !== null && caller.keyId === keyId)
}

/** Lets the caller read the content of one record or session, or throws AB03 (no right) or AB01 (no reason). */
export async function openContent(
  caller: AdminCaller,
  owned: Owned,
  parts: Pick<AdminParts, 'store' | 'clock'>,
): Promise<void> {
  if (isOwnContent(caller, owned)) return
  if (!caller.scopes.has(CONTENT_SCOPE)) {
    throw forbidden(`What other people wrote can be opened with the scope ${CONTENT_SCOPE} only.`)
  }
  if (caller.origin.reason === undefined) {
    throw invalid('x-portcullis-reason: is required to open what another person wrote; they will see it with your name')
  }
  await enterOpenings(caller, [owned], parts)
}

/**
 * For a list: the ids of those whose content the caller may be shown. That is their own; and all of them for whoever has the right
 * and gives a reason, with an entry for each.
 */
export async function openContents(
  caller: AdminCaller,
  owned: readonly Owned[],
  parts: Pick<AdminParts, 'store' | 'clock'>,
): Promise<ReadonlySet<string>> {
  const own = owned.filter((each) => isOwnContent(caller, each))
  if (!opensOthers(caller)) return new Set(own.map(({ id }) => id))
  await enterOpenings(
    caller,
    owned.filter((each) => !own.includes(each)),
    parts,
  )
  return new Set(owned.map(({ id }) => id))
}

/** Whether the caller, as it asks now, is shown what other people wrote. */
export function opensOthers(caller: AdminCaller): boolean {
  return caller.scopes.has(CONTENT_SCOPE) && caller.origin.reason !== undefined
}

async function enterOpenings(
  caller: AdminCaller,
  owned: readonly Owned[],
  { store, clock }: Pick<AdminParts, 'store' | 'clock'>,
): Promise<void> {
  // Of a session one entry says it, however many of its requests are looked at.
  const things = new Map(owned.map((each) => [each.session_key ?? each.id, each]))
  if (things.size === 0) return
  const enterAll = async (tx: Database) => {
    const actor = await nameActor(tx, caller)
    const now = clock.now()
    for (const [resourceId, { id, workspace_id: workspaceId, user_id: userId, session_key: session }] of things) {
      const resourceType = session === null ? 'log' : 'session'
      const opening = { action: 'open', resourceType, resourceId }
      const lately = await listActs(tx, caller.organisationId, { ...opening, since: now - OPENING_MS })
      if (lately.some((entry) => entry.actor.type === actor.type && entry.actor.id === actor.id)) continue
      await appendAuditEntry(tx, {
        ...opening,
        organisationId: caller.organisationId,
        workspaceId,
        at: now,
        actor,
        request: keepRequest(caller.origin, 200),
        reason: caller.origin.reason ?? null,
        before: null,
        after: { user_id: userId, log: id === resourceId ? null : id },
      })
    }
  }
  // What `if-match` compares is read inside a transaction already.
  await (store.db.isTransaction ? enterAll(store.db) : store.db.transaction().execute(enterAll))
}
