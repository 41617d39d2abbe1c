import { TurnPage, TurnQuery } from '../../contract/coding-sessions.ts'
import { listTurns as listStoredTurns } from '../../store/sessions.ts'
import { openContents } from '../content/content-right.ts'
import { readCursor, writeCursor } from '../logs/cursor.ts'
import { route } from '../route.ts'
import { ownerOf, seeCodingSession } from './see-coding-session.ts'
import { showTurn } from './show-turn.ts'

export const listTurns = route({
  method: 'GET',
  path: '/sessions/:id/turns',
  summary: 'List the turns of a session, oldest first',
  scope: ['logs.view', 'logs.read'],
  query: TurnQuery,
  reply: TurnPage,
  async handle({ caller, params, query: { agent, cursor, limit } }, parts) {
    const { db } = parts.store
    const after = cursor === undefined ? undefined : readCursor(cursor)
    await parts.flushRecords()
    const { session, scope } = await seeCodingSession(db, caller, params.id)
    const wanted = { limit, after, agent: agent === MAIN_LINE ? null : agent }
    const { items, next } = await listStoredTurns(db, scope, session.id, wanted)
    const readable = (await openContents(caller, [ownerOf(session)], parts)).has(session.id)
    return {
      object: 'list' as const,
      data: items.map((turn) => showTurn(turn, readable)),
      next_cursor: next === undefined ? null : writeCursor(next),
    }
  },
})

/** What asks for the turns outside of any agent. */
export const MAIN_LINE = 'main'
