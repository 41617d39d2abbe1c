import { Log } from '../../contract/logs.ts'
import { findExchange } from '../../store/exchanges.ts'
import { missing } from '../error.ts'
import { route } from '../route.ts'
import { recordsOf } from './filter-exchanges.ts'
import { showLogs } from './show-log.ts'

export const readLog = route({
  method: 'GET',
  path: '/logs/:id',
  summary: 'Read what happened in one exchange, by its request id',
  scope: ['logs.view', 'logs.read'],
  reply: Log,
  async handle({ caller, params }, { store, flushRecords }) {
    await flushRecords()
    const scope = await recordsOf(store.db, caller, undefined)
    const exchange = await findExchange(store.db, scope, params.id)
    const [log] = await showLogs(store.db, caller.organisationId, exchange === undefined ? [] : [exchange])
    if (log === undefined) throw missing(`The log ${params.id}`)
    return log
  },
})
