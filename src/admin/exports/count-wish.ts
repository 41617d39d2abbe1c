import { countExchanges } from '../../store/find-exchanges.ts'
import type { PortkeyQuestion } from '../logs/read-portkey-filters.ts'
import { patienceOf } from '../logs/ask-logs.ts'
import type { AdminParts } from '../parts.ts'

/** Enough to say that it is much. */
const COUNTED_MAX = 1_000_000
const COUNT_MS = 500

/** How many records an export would hold, as far as counting them is quick. */
export async function countWish(parts: AdminParts, question: PortkeyQuestion) {
  await parts.flushRecords()
  const { count, exact } = await countExchanges(parts.store.db, question, COUNTED_MAX, patienceOf(parts, COUNT_MS))
  return { total: count, total_is_exact: exact }
}
