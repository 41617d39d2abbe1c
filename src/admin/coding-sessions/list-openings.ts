import { Openings } from '../../contract/coding-sessions.ts'
import { showOpenings } from '../content/show-openings.ts'
import { route } from '../route.ts'
import { ownerOf, seeCodingSession } from './see-coding-session.ts'

export const listOpenings = route({
  method: 'GET',
  path: '/sessions/:id/openings',
  summary: 'List who opened the content of a session, and why',
  scope: ['logs.view', 'logs.read'],
  reply: Openings,
  async handle({ caller, params }, parts) {
    const { session } = await seeCodingSession(parts.store.db, caller, params.id)
    return showOpenings(caller, ownerOf(session), parts)
  },
})
