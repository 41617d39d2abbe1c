import { sql, type RawBuilder } from 'kysely'
import type { Nanos } from '../core/money.ts'

/** Sums of the columns that calls and exchanges share. */
export interface UsageSums {
  readonly input_tokens: number
  readonly output_tokens: number
  readonly cache_read_tokens: number
  readonly cache_write_5m_tokens: number
  readonly cache_write_1h_tokens: number
  readonly thinking_tokens: number
  readonly web_searches: number
  readonly web_fetches: number
  readonly code_executions: number
  /** How many of the rows hold estimates. */
  readonly estimated: number
  readonly cost_nanos: Nanos
}

/** For `select()`: every sum under its column's name, 0 when there are no rows. */
export function selectUsageSums() {
  return [
    sumOf<number>('input_tokens').as('input_tokens'),
    sumOf<number>('output_tokens').as('output_tokens'),
    sumOf<number>('cache_read_tokens').as('cache_read_tokens'),
    sumOf<number>('cache_write_5m_tokens').as('cache_write_5m_tokens'),
    sumOf<number>('cache_write_1h_tokens').as('cache_write_1h_tokens'),
    sumOf<number>('thinking_tokens').as('thinking_tokens'),
    sumOf<number>('web_searches').as('web_searches'),
    sumOf<number>('web_fetches').as('web_fetches'),
    sumOf<number>('code_executions').as('code_executions'),
    sumOf<number>('estimated').as('estimated'),
    sumOf<Nanos>('cost_nanos').as('cost_nanos'),
  ] as const
}

function sumOf<Sum>(column: keyof UsageSums): RawBuilder<Sum> {
  return sql<Sum>`coalesce(sum(${sql.ref(column)}), 0)`
}
