import { Trace } from '../../contract/traces.ts'
import type { StoredExchange } from '../../store/exchanges.ts'
import type { StoredCall } from '../../store/ledger-calls.ts'
import { listTraceFeedback } from '../../store/feedback.ts'
import { listCallsOf, listTraceExchanges, TRACE_EXCHANGES_MAX } from '../../store/traces.ts'
import { type Place, placeByClaims } from '../claimed-tree.ts'
import { missing } from '../error.ts'
import { recordsOf } from '../logs/filter-exchanges.ts'
import { showCost } from '../logs/show-cost.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { showSpan } from './show-span.ts'

export const readTrace = route({
  method: 'GET',
  path: '/traces/:id',
  summary: 'Show the requests under a trace id as spans, with what the gateway tried for each',
  scope: ['logs.view', 'logs.read'],
  reply: Trace,
  async handle({ caller, params }, { store, flushRecords }) {
    await flushRecords()
    const scope = await recordsOf(store.db, caller, undefined)
    const found = await listTraceExchanges(store.db, scope, params.id)
    const exchanges = found.slice(0, TRACE_EXCHANGES_MAX)
    const [first] = exchanges
    if (first === undefined) throw missing(`The trace ${params.id}`)
    const calls = Map.groupBy(
      await listCallsOf(
        store.db,
        exchanges.map(({ id }) => id),
      ),
      ({ exchange_id: id }) => id,
    )
    const feedback = await listTraceFeedback(store.db, scope, params.id, FEEDBACK_MAX)
    const [, ...places] = placeByClaims(spansOf(exchanges))
    const ended = exchanges.map(({ received_at: at, total_ms: ms }) => at + ms)
    return {
      id: params.id,
      object: 'trace' as const,
      started_at: showMoment(first.received_at),
      ended_at: showMoment(ended.reduce((latest, at) => Math.max(latest, at), 0)),
      requests: exchanges.length,
      ...showCost(exchanges.reduce((sum, { cost_nanos: cost }) => sum + cost, 0n)),
      spans: places.map((place) => showPlace(place, calls)),
      feedback: feedback.map(({ id, value, weight, metadata, userId, keyId, createdAt }) => ({
        id,
        value,
        weight,
        metadata: { ...metadata },
        user_id: userId,
        api_key_id: keyId,
        created_at: showMoment(createdAt),
      })),
      complete: found.length <= TRACE_EXCHANGES_MAX,
    }
  },
})

const FEEDBACK_MAX = 1_000

interface ClaimedSpan {
  readonly id: string
  readonly claimedParent: string | null
  readonly exchange: StoredExchange
}

/** A span id that was given before, or that is the id of a log, is nobody's: then a request goes by the id of its own log. */
function spansOf(exchanges: readonly StoredExchange[]): readonly ClaimedSpan[] {
  const taken = new Set(exchanges.map(({ id }) => id))
  return exchanges.map((exchange) => {
    const claimed = exchange.span_id
    const id = claimed === null || taken.has(claimed) ? exchange.id : claimed
    taken.add(id)
    return { id, claimedParent: exchange.parent_span_id, exchange }
  })
}

function showPlace({ item, parentId, depth }: Place<ClaimedSpan>, calls: ReadonlyMap<string, readonly StoredCall[]>) {
  const { id, exchange } = item!
  // Depth is counted from the root, which is the trace itself.
  return { id, parent_id: parentId, depth: depth - 1, ...showSpan(exchange, calls.get(exchange.id) ?? []) }
}
