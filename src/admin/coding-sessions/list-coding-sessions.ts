import type { z } from 'zod'
import { CodingSessionPage, CodingSessionQuery } from '../../contract/coding-sessions.ts'
import { listSessions, type SessionFilter } from '../../store/sessions.ts'
import { findUser } from '../../store/users.ts'
import type { AdminCaller } from '../caller.ts'
import { openContents, opensOthers } from '../content/content-right.ts'
import { readCursor, writeCursor } from '../logs/cursor.ts'
import { recordsOf } from '../logs/filter-exchanges.ts'
import type { AdminParts } from '../parts.ts'
import { route } from '../route.ts'
import { ownerOf } from './see-coding-session.ts'
import { showCodingSessions } from './show-coding-session.ts'

export const listCodingSessions = route({
  method: 'GET',
  path: '/sessions',
  summary: 'List sessions of Claude Code, the one used last first',
  scope: ['logs.list', 'logs.view', 'logs.read'],
  query: CodingSessionQuery,
  reply: CodingSessionPage,
  async handle({ caller, query }, parts) {
    const { store, flushRecords } = parts
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor)
    const filter = await filterSessions(caller, query, parts)
    await flushRecords()
    const { items, next } =
      filter === undefined
        ? { items: [], next: undefined }
        : await listSessions(store.db, filter, { limit: query.limit, after })
    const readable = await openContents(caller, items.map(ownerOf), parts)
    return {
      object: 'list' as const,
      data: await showCodingSessions(caller, items, readable, parts),
      next_cursor: next === undefined ? null : writeCursor(next),
    }
  },
})

/** The filters of a query within what the caller may see. Undefined where they name a person who is not there. */
async function filterSessions(
  caller: AdminCaller,
  query: z.output<typeof CodingSessionQuery>,
  { store }: AdminParts,
): Promise<SessionFilter | undefined> {
  const scope = await recordsOf(store.db, caller, query.workspace_id)
  const { user, key, project, client, since, until, title } = query
  const person = user === undefined ? undefined : await findUser(store.db, caller.organisationId, user)
  if (user !== undefined && person === undefined) return undefined
  return {
    ...scope,
    ...(person !== undefined && { ofUser: person.id }),
    ...(key !== undefined && { ofKey: key }),
    ...(project !== undefined && { project }),
    ...(client !== undefined && { client }),
    ...(since !== undefined && { since: Date.parse(since) }),
    ...(until !== undefined && { until: Date.parse(until) }),
    ...(title !== undefined && { title }),
    ...(!opensOthers(caller) && { titleOf: { userId: caller.userId, keyId: caller.keyId } }),
  }
}
