import { LogPage, LogQuery } from '../../contract/logs.ts'
import { listExchanges } from '../../store/exchanges.ts'
import { route } from '../route.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { filterExchanges } from './filter-exchanges.ts'
import { showLogs } from './show-log.ts'

export const listLogs = route({
  method: 'GET',
  path: '/logs',
  summary: 'List what happened, newest first',
  scope: ['logs.list', 'logs.view', 'logs.read'],
  query: LogQuery,
  reply: LogPage,
  async handle({ caller, query }, { store, flushRecords }) {
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor)
    const filter = await filterExchanges(store.db, caller, query)
    await flushRecords()
    const page = filter === undefined ? EMPTY : await listExchanges(store.db, filter, { limit: query.limit, after })
    return {
      object: 'list' as const,
      data: await showLogs(store.db, caller.organisationId, page.items),
      next_cursor: page.next === undefined ? null : writeCursor(page.next),
    }
  },
})

const EMPTY = { items: [], next: undefined }
