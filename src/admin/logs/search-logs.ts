import { LogPage, SearchQuery } from '../../contract/logs.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { readQuestion } from './ask-logs.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { findSaid } from './find-said.ts'
import { showLogs } from './show-log.ts'

export const searchLogs = route({
  method: 'GET',
  path: '/logs/search',
  summary: 'Find requests by what was said in them, where their workspace keeps an index of it',
  scope: ['logs.list', 'logs.view', 'logs.read'],
  query: SearchQuery,
  reply: LogPage,
  async handle({ caller, query: { limit, cursor, text, ...query } }, parts) {
    const after = cursor === undefined ? undefined : readCursor(cursor)
    const { filter, words } = await readQuestion(parts, caller, query)
    await parts.flushRecords()
    const found =
      filter === undefined
        ? undefined
        : await findSaid(parts, caller, { filter, words: [...words, text], page: { limit, after } })
    return {
      object: 'list' as const,
      data: await showLogs(parts, caller, found?.items ?? []),
      next_cursor: found?.next === undefined ? null : writeCursor(found.next),
      searched_until: found?.searchedUntil === undefined ? null : showMoment(found.searchedUntil),
      count: null,
      indexed: found?.indexed ?? null,
    }
  },
})
