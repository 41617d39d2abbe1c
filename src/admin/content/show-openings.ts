import type { z } from 'zod'
import type { Openings } from '../../contract/coding-sessions.ts'
import { listActs } from '../../store/audit.ts'
import type { AdminCaller } from '../caller.ts'
import { forbidden } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { showMoment } from '../show-moment.ts'
import { isOwnContent, type Owned } from './content-right.ts'

/** Who opened a session, or an exchange outside of any: told to whoever made it. Readers of the audit trail would find it there anyway. */
export async function showOpenings(
  caller: AdminCaller,
  owned: Owned,
  { store }: Pick<AdminParts, 'store'>,
): Promise<z.output<typeof Openings>> {
  if (!isOwnContent(caller, owned) && !caller.scopes.has('audit_logs.list')) {
    throw forbidden('Who opened content is told to whoever made it, and to readers of the audit trail.')
  }
  const resourceType = owned.session_key === null ? 'log' : 'session'
  const openings = { action: 'open', resourceType, resourceId: owned.session_key ?? owned.id }
  const entries = await listActs(store.db, caller.organisationId, openings)
  return {
    object: 'list',
    data: entries.map(({ at, actor, reason, after }) => ({
      at: showMoment(at),
      by: actor.name,
      by_type: actor.type,
      by_id: actor.id,
      reason,
      log: (after as { readonly log?: string | null } | null)?.log ?? null,
    })),
  }
}
