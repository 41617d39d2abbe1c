import { Openings } from '../../contract/coding-sessions.ts'
import { listActs } from '../../store/audit.ts'
import { isOwnContent } from '../content/content-right.ts'
import { forbidden } from '../error.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { seeCodingSession } from './see-coding-session.ts'

/** The owner sees who looked and why; whoever may read the audit trail would find it there anyway. */
export const listOpenings = route({
  method: 'GET',
  path: '/sessions/:id/openings',
  summary: 'List who opened the content of a session, and why',
  scope: ['logs.view', 'logs.read'],
  reply: Openings,
  async handle({ caller, params }, { store }) {
    const { session } = await seeCodingSession(store.db, caller, params.id)
    if (!isOwnContent(caller, session) && !caller.scopes.has('audit_logs.list')) {
      throw forbidden('Who opened a session is told to whoever made it, and to readers of the audit trail.')
    }
    const openings = { action: 'open', resourceType: 'session', resourceId: session.id }
    const entries = await listActs(store.db, caller.organisationId, openings)
    return {
      object: 'list' as const,
      data: entries.map(({ at, actor, reason, after }) => ({
        at: showMoment(at),
        by: actor.name,
        by_type: actor.type,
        by_id: actor.id,
        reason,
        log: (after as { readonly log?: string | null } | null)?.log ?? null,
      })),
    }
  },
})
