import { Openings } from '../../contract/coding-sessions.ts'
import { route } from '../route.ts'
import { seeExchange } from './see-exchange.ts'
import { showOpenings } from './show-openings.ts'

/** Of a request in a session these are the session's, of which one entry speaks for all its requests. */
export const listLogOpenings = route({
  method: 'GET',
  path: '/logs/:id/openings',
  summary: 'List who opened the content of a request, or of its session, and why',
  scope: ['logs.view', 'logs.read'],
  reply: Openings,
  async handle({ caller, params }, parts) {
    return showOpenings(caller, await seeExchange(parts.store.db, caller, params.id), parts)
  },
})
