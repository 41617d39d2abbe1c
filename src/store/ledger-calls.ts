import type { Selectable, SelectQueryBuilder } from 'kysely'
import type { Database } from './database.ts'
import { selectExchangeIds, type ExchangeFilter } from './exchanges.ts'
import type { LedgerCallTable } from './schema-records.ts'
import type { Tables } from './schema.ts'
import { selectUsageSums, type UsageSums } from './usage-sums.ts'

/** One upstream call as it stands in the account book, under its columns' names. */
export type StoredCall = Selectable<LedgerCallTable>

export interface CallSums extends UsageSums {
  readonly calls: number
  /** Exchanges that came to at least one call. */
  readonly requests: number
}

/** The calls of one exchange, in the order of the attempts. */
export async function listCalls(
  db: Database,
  organisationId: string,
  exchangeId: string,
): Promise<readonly StoredCall[]> {
  return await db
    .selectFrom('ledger_calls')
    .selectAll()
    .where('exchange_id', '=', exchangeId)
    .where('organisation_id', '=', organisationId)
    .orderBy('ordinal')
    .execute()
}

/**
 * What the calls used and cost. `since` and `until` are asked of the moment a call was closed, when its cost was known;
 * `sessionId`, `status` and `conditions` of the exchange it belongs to; `model` of the model asked for or served.
 */
export async function sumCalls(db: Database, filter: ExchangeFilter): Promise<CallSums> {
  const matching = narrow(db, db.selectFrom('ledger_calls'), filter)
  return await matching
    .select(({ fn }) => [fn.countAll<number>().as('calls'), fn.count<number>('exchange_id').distinct().as('requests')])
    .select(selectUsageSums)
    .executeTakeFirstOrThrow()
}

function narrow<Output>(
  db: Database,
  calls: SelectQueryBuilder<Tables, 'ledger_calls', Output>,
  filter: ExchangeFilter,
): SelectQueryBuilder<Tables, 'ledger_calls', Output> {
  let matching = calls.where('organisation_id', '=', filter.organisationId)
  if (filter.workspaceId !== undefined) matching = matching.where('workspace_id', '=', filter.workspaceId)
  if (filter.keyId !== undefined) matching = matching.where('key_id', '=', filter.keyId)
  if (filter.userId !== undefined) matching = matching.where('user_id', '=', filter.userId)
  if (filter.providerSlug !== undefined) matching = matching.where('provider_slug', '=', filter.providerSlug)
  if (filter.since !== undefined) matching = matching.where('closed_at', '>=', filter.since)
  if (filter.until !== undefined) matching = matching.where('closed_at', '<', filter.until)
  const { model, sessionId, status, conditions, organisationId } = filter
  if (model !== undefined) {
    matching = matching.where((is) => is.or([is('model', '=', model), is('model_served', '=', model)]))
  }
  if (sessionId !== undefined || status !== undefined || conditions !== undefined) {
    const exchanges = selectExchangeIds(db, {
      organisationId,
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(status === undefined ? {} : { status }),
      ...(conditions === undefined ? {} : { conditions }),
    })
    matching = matching.where('exchange_id', 'in', exchanges)
  }
  return matching
}
