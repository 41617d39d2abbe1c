import { FeedbackKept, FeedbackUpdate } from '../../contract/feedback.ts'
import { LOGS_WRITE_SCOPE } from '../../contract/scopes.ts'
import * as feedback from '../../store/feedback.ts'
import { invalid, missing } from '../error.ts'
import { recordsOf } from '../logs/filter-exchanges.ts'
import { route } from '../route.ts'
import { tellKept } from './tell-kept.ts'

export const updateFeedback = route({
  method: 'PUT',
  path: '/feedback/:id',
  summary: 'Say something else of a trace than before',
  scope: [LOGS_WRITE_SCOPE],
  body: FeedbackUpdate,
  reply: FeedbackKept,
  async handle({ caller, params, body }, { store, clock }) {
    const changed = await store.db.transaction().execute(async (tx) => {
      const before = await feedback.findFeedback(tx, await recordsOf(tx, caller, undefined), params.id)
      if (before === undefined) throw missing(`The feedback ${params.id}`)
      if (body.trace_id !== undefined && body.trace_id !== before.traceId) {
        throw invalid('trace_id: feedback stays with its trace; give a new one for another')
      }
      const { value = before.value, weight = before.weight, metadata = before.metadata } = body
      const after = { ...before, value, weight, metadata, updatedAt: clock.now() }
      await feedback.updateFeedback(tx, after)
      return after
    })
    return tellKept([changed])
  },
})
