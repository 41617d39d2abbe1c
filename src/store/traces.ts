import type { Database } from './database.ts'
import { type ExchangeScope, selectExchangeIds, type StoredExchange, toExchange } from './exchanges.ts'
import type { StoredCall } from './ledger-calls.ts'

/** Exchanges of one trace that are read; a trace id that stands in a settings file is every request's. */
export const TRACE_EXCHANGES_MAX = 1_000

/** The exchanges under a trace id, oldest first. */
export async function listTraceExchanges(
  db: Database,
  scope: ExchangeScope,
  traceId: string,
): Promise<readonly StoredExchange[]> {
  const rows = await db
    .selectFrom('exchanges')
    .selectAll()
    .where('trace_id', '=', traceId)
    .where('id', 'in', selectExchangeIds(db, scope).where('trace_id', '=', traceId))
    .orderBy('received_at')
    .orderBy('id')
    .limit(TRACE_EXCHANGES_MAX + 1)
    .execute()
  return rows.map(toExchange)
}

/** The upstream calls of some exchanges, in the order of the attempts. */
export async function listCallsOf(db: Database, exchangeIds: readonly string[]): Promise<readonly StoredCall[]> {
  if (exchangeIds.length === 0) return []
  return await db
    .selectFrom('ledger_calls')
    .selectAll()
    .where('exchange_id', 'in', exchangeIds)
    .orderBy('exchange_id')
    .orderBy('ordinal')
    .execute()
}
