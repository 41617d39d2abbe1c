import { LogPage, LogQuery } from '../../contract/logs.ts'
import { countExchanges, findExchanges } from '../../store/find-exchanges.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { patienceOf, readQuestion } from './ask-logs.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { findSaid } from './find-said.ts'
import { showLogs } from './show-log.ts'

export const listLogs = route({
  method: 'GET',
  path: '/logs',
  summary: 'List what happened, newest first',
  scope: ['logs.list', 'logs.view', 'logs.read'],
  query: LogQuery,
  reply: LogPage,
  async handle({ caller, query: { limit, cursor, count, ...query } }, parts) {
    const after = cursor === undefined ? undefined : readCursor(cursor)
    const { filter, words } = await readQuestion(parts, caller, query)
    await parts.flushRecords()
    const { db } = parts.store
    const page = { limit, after }
    const found =
      filter === undefined
        ? NOTHING
        : words.length > 0
          ? await findSaid(parts, caller, { filter, words, page })
          : { ...(await findExchanges(db, filter, page, patienceOf(parts))), indexed: null }
    return {
      object: 'list' as const,
      data: await showLogs(parts, caller, found.items),
      next_cursor: found.next === undefined ? null : writeCursor(found.next),
      searched_until: found.searchedUntil === undefined ? null : showMoment(found.searchedUntil),
      // What was said is found page by page; counting it would be reading it all.
      count: count === 'false' || words.length > 0 ? null : await countAll(),
      indexed: found.indexed,
    }

    async function countAll() {
      if (filter === undefined) return { value: 0, relation: 'exactly' as const }
      if (after === undefined && found.items.length < limit) {
        // The page has been through everything, or as far as its time reached: counting would look at the same once more.
        const relation = found.searchedUntil === undefined ? ('exactly' as const) : ('at_least' as const)
        return { value: found.items.length, relation }
      }
      const { count: value, exact } = await countExchanges(db, filter, COUNTED_MAX, patienceOf(parts, COUNT_MS))
      return { value, relation: exact ? ('exactly' as const) : ('at_least' as const) }
    }
  },
})

const NOTHING = { items: [], next: undefined, searchedUntil: undefined, indexed: null }

/** Up to here people want to know it exactly. */
const COUNTED_MAX = 10_000
const COUNT_MS = 1_000
