import { idOrSlug, strict } from '../../contract/fields.ts'
import { FeedbackCreate, FeedbackKept } from '../../contract/feedback.ts'
import { LOGS_WRITE_SCOPE } from '../../contract/scopes.ts'
import { newId } from '../../core/ids.ts'
import { insertFeedback } from '../../store/feedback.ts'
import { route } from '../route.ts'
import { homeOf } from '../workspaces/see-workspace.ts'
import { tellKept } from './tell-kept.ts'

/** It says something of a trace and changes nothing, so the audit trail does not hear of it. */
export const createFeedback = route({
  method: 'POST',
  path: '/feedback',
  summary: 'Say what was thought of a trace',
  scope: [LOGS_WRITE_SCOPE],
  query: strict({ workspace_id: idOrSlug.optional() }),
  body: FeedbackCreate,
  reply: FeedbackKept,
  async handle({ caller, body, query }, { store, clock }) {
    const workspace = await homeOf(store.db, caller, query.workspace_id)
    const now = clock.now()
    const given = body.map(({ trace_id: traceId, value, weight, metadata }) => ({
      id: newId(now) as string,
      organisationId: caller.organisationId,
      workspaceId: workspace.id as string,
      keyId: caller.keyId ?? null,
      userId: caller.userId ?? null,
      traceId,
      value,
      weight,
      metadata,
      createdAt: now,
      updatedAt: now,
    }))
    await store.db.transaction().execute((tx) => insertFeedback(tx, given))
    return tellKept(given)
  },
})
