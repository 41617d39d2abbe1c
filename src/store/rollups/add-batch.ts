import type { BatchTable } from '../database.ts'
import { createCalendar, type Calendar } from './hour-and-day.ts'
import { isCounted, type RollUpState } from './state.ts'
import { createTally, type Addition, type CallFacts, type ExchangeFacts } from './tally.ts'

/** Adds up rows that were just inserted. */
export interface BatchAdder {
  /** What those rows, of which none was there before, add to which table. */
  additionsOf(table: BatchTable, rows: readonly (CallFacts | ExchangeFacts)[], state: RollUpState): readonly Addition[]
  /** To be told once they are committed: the series among them need not be written again. */
  committed(additions: readonly Addition[]): void
}

const SERIES_REMEMBERED = 100_000

export function createBatchAdder(): BatchAdder {
  const knownSeries = new Set<string>()
  let calendar: { readonly zone: string; readonly tell: Calendar } | undefined

  return {
    additionsOf(table, rows, state) {
      if (calendar?.zone !== state.zone) calendar = { zone: state.zone, tell: createCalendar(state.zone) }
      const tally = createTally(calendar.tell, (series) => knownSeries.has(series))
      for (const row of rows) {
        if (table === 'ledger_calls') {
          const call = row as CallFacts
          if (isCounted(state, call.received_at ?? call.opened_at, 'usage')) tally.addCall(call)
        } else {
          const exchange = row as ExchangeFacts
          tally.addExchange(exchange, {
            usage: isCounted(state, exchange.received_at, 'usage'),
            tags: isCounted(state, exchange.received_at, 'tags'),
            session: true,
          })
        }
      }
      return tally.additions()
    },
    committed(additions) {
      for (const { table, rows } of additions) {
        if (table.name !== 'usage_series') continue
        if (knownSeries.size > SERIES_REMEMBERED) knownSeries.clear()
        for (const [id] of rows) knownSeries.add(id as string)
      }
    },
  }
}
