import { Summary, SummaryQuery } from '../../contract/logs.ts'
import { sumCalls } from '../../store/ledger-calls.ts'
import { route } from '../route.ts'
import { filterExchanges } from './filter-exchanges.ts'
import { showCost, showTokens } from './show-cost.ts'

/** Straight from the account book: every upstream call that was started, also those nobody waited for. */
export const summariseUsage = route({
  method: 'GET',
  path: '/usage/summary',
  summary: 'Sum up requests, tokens and cost',
  scope: ['analytics.view', 'logs.list', 'logs.view', 'logs.read'],
  query: SummaryQuery,
  reply: Summary,
  async handle({ caller, query }, { store, flushRecords }) {
    const filter = await filterExchanges(store.db, caller, query)
    await flushRecords()
    // A filter that excludes everything still needs sums, of nothing.
    const sums = await sumCalls(store.db, filter ?? { organisationId: caller.organisationId, keyId: '' })
    return {
      object: 'usage-summary' as const,
      requests: sums.requests,
      upstream_calls: sums.calls,
      tokens: showTokens(sums),
      ...showCost(sums.cost_nanos),
    }
  },
})
