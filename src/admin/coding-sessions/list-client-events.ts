import { ClientEventPage, ClientEventQuery } from '../../contract/client-telemetry.ts'
import { listClientEvents as listStoredEvents } from '../../store/client-events.ts'
import { readCursor, writeCursor } from '../logs/cursor.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { seeCodingSession } from './see-coding-session.ts'

export const listClientEvents = route({
  method: 'GET',
  path: '/sessions/:id/events',
  summary: 'List what Claude Code told of a session over OpenTelemetry, oldest first',
  scope: ['logs.view', 'logs.read'],
  query: ClientEventQuery,
  reply: ClientEventPage,
  async handle({ caller, params, query: { cursor, limit } }, parts) {
    const { db } = parts.store
    const after = cursor === undefined ? undefined : readCursor(cursor)
    await parts.flushRecords()
    const { session, scope } = await seeCodingSession(db, caller, params.id)
    const { items, next } = await listStoredEvents(db, scope, session.id, { limit, after })
    return {
      object: 'list' as const,
      data: items.map(({ id, name, at, request_id, attributes }) => ({
        id,
        object: 'client-event' as const,
        name,
        at: showMoment(at),
        request_id,
        // Written by client-telemetry/read-events.ts, which knows no other values.
        attributes: JSON.parse(attributes) as Record<string, string | number | boolean>,
      })),
      next_cursor: next === undefined ? null : writeCursor(next),
    }
  },
})
