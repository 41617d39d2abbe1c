import { LogDocument, LogReadQuery } from '../../contract/logs.ts'
import { openContent } from '../content/content-right.ts'
import { referenceOf, seeExchange } from '../content/see-exchange.ts'
import { showDocument } from '../content/show-document.ts'
import { route } from '../route.ts'
import { showLogs } from './show-log.ts'

export const readLog = route({
  method: 'GET',
  path: '/logs/:id',
  summary: 'Read what happened in one exchange, by its request id',
  scope: ['logs.view', 'logs.read'],
  query: LogReadQuery,
  reply: LogDocument,
  async handle({ caller, params, query: { content } }, parts) {
    await parts.flushRecords()
    const exchange = await seeExchange(parts.store.db, caller, params.id)
    const [log] = await showLogs(parts, caller, [exchange])
    if (!content) return log!
    await openContent(caller, exchange, parts)
    return { ...log!, ...(await showDocument(parts.bodies, referenceOf(exchange), exchange.total_ms)) }
  },
})
