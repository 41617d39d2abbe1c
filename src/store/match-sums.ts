import { sql, type Expression, type SqlBool } from 'kysely'
import type { Database } from './database.ts'
import { engineOf } from './engine.ts'
import { compileForSums } from './filter-sql.ts'
import type { LatencyColumn } from './latency.ts'
import type { RecordCondition } from './record-condition.ts'
import { SERIES_COLUMNS } from './rollups/tables.ts'

/** What roll-ups are told apart by. */
const COLUMNS = {
  usage: SERIES_COLUMNS,
  latency: ['workspace_id', 'provider_slug', 'model'] satisfies readonly LatencyColumn[],
} as const

/** Conditions as roll-ups are asked for them. Undefined when only the records themselves can tell. */
export function matchSums(
  db: Database,
  conditions: readonly RecordCondition[],
  kind: keyof typeof COLUMNS,
): Expression<SqlBool> | undefined {
  const compiled = conditions.map((condition) => compileForSums(condition, COLUMNS[kind], engineOf(db)))
  if (compiled.includes(undefined)) return undefined
  return compiled.length === 0 ? sql<SqlBool>`(1 = 1)` : sql<SqlBool>`(${sql.join(compiled, sql` and `)})`
}
