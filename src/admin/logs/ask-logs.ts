import type { z } from 'zod'
import type { SummaryQuery } from '../../contract/logs.ts'
import type { ExchangeFilter } from '../../store/exchanges.ts'
import type { Patience } from '../../store/through-time.ts'
import type { AdminCaller } from '../caller.ts'
import type { AdminParts } from '../parts.ts'
import { filterExchanges } from './filter-exchanges.ts'
import { readFilter } from './read-filter.ts'

/** What somebody asks of records: what has to hold of the record, and what has to be found in its content. */
export interface Question {
  /** Undefined when nothing can match. */
  readonly filter: ExchangeFilter | undefined
  /** Empty when nothing is looked for in the content. */
  readonly words: readonly string[]
}

export type LogFilters = z.output<typeof SummaryQuery> & { readonly q?: string | undefined }

/** The filters of a query and its `q`, within the records that the caller may see. */
export async function readQuestion(
  { store, clock }: Pick<AdminParts, 'store' | 'clock'>,
  caller: AdminCaller,
  { q = '', ...query }: LogFilters,
): Promise<Question> {
  const { conditions, words } = await readFilter({ db: store.db, clock }, caller, q)
  const filter = await filterExchanges(store.db, caller, query)
  if (filter === undefined || conditions.length === 0) return { filter, words }
  return { filter: { ...filter, conditions: [...(filter.conditions ?? []), ...conditions] }, words }
}

/** How long a question may take; after that an answer says how far it looked. */
export function patienceOf({ clock }: Pick<AdminParts, 'clock'>, maxMs = ANSWER_MS): Patience {
  return { clock, maxMs }
}

const ANSWER_MS = 2_000
