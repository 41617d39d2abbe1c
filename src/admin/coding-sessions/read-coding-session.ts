import { CodingSessionDetail } from '../../contract/coding-sessions.ts'
import { listSessionModels, readSessionFigures } from '../../store/sessions.ts'
import { openContents } from '../content/content-right.ts'
import { showCost } from '../logs/show-cost.ts'
import { route } from '../route.ts'
import { ownerOf, seeCodingSession } from './see-coding-session.ts'
import { showCodingSessions } from './show-coding-session.ts'

export const readCodingSession = route({
  method: 'GET',
  path: '/sessions/:id',
  summary: 'Read what a session came to',
  scope: ['logs.view', 'logs.read'],
  reply: CodingSessionDetail,
  async handle({ caller, params }, parts) {
    const { db } = parts.store
    await parts.flushRecords()
    const { session, scope } = await seeCodingSession(db, caller, params.id)
    const readable = await openContents(caller, [ownerOf(session)], parts)
    const [shown] = await showCodingSessions(caller, [session], readable, parts)
    const models = await listSessionModels(db, scope, session.id)
    return {
      ...shown!,
      ...(await readSessionFigures(db, scope, session.id)),
      models: models.map(({ model, requests, cost_nanos: cost }) => ({ model, requests, ...showCost(cost) })),
    }
  },
})
