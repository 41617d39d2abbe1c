import { findField, TAG_PREFIX, type FieldName } from '../../contract/filter/fields.ts'
import type { Metric } from '../../contract/usage.ts'
import { nearestName } from '../../core/spelling.ts'
import type { Database } from '../../store/database.ts'
import type { ExchangeScope } from '../../store/exchanges.ts'
import type { RecordCondition } from '../../store/record-condition.ts'
import type { GroupField } from '../../store/usage-rows.ts'
import type { AdminCaller } from '../caller.ts'
import { invalid } from '../error.ts'
import { recordsOf } from '../logs/filter-exchanges.ts'
import { readFilter } from '../logs/read-filter.ts'
import type { AdminParts } from '../parts.ts'
import type { Span } from './spans.ts'

/** What a chart asks. */
export interface UsageQuestion {
  readonly db: Database
  readonly scope: ExchangeScope
  readonly conditions: readonly RecordCondition[]
  readonly metric: Metric
  readonly groupBy: GroupField | undefined
  /** How many groups are told apart. */
  readonly top: number
  /** One after the other, without gaps. */
  readonly spans: readonly Span[]
  /** Whose roll-ups are read: the spans begin and end with whole ones. */
  readonly unit: 'hour' | 'day'
  /** Whether each span is told by itself; else only what all of them come to. */
  readonly overTime: boolean
}

/** What a question is about: a filter within the records that the caller may see. */
export async function readSubject(
  parts: AdminParts,
  caller: AdminCaller,
  { workspace_id: workspace, q = '' }: { readonly workspace_id?: string | undefined; readonly q?: string | undefined },
): Promise<Pick<UsageQuestion, 'db' | 'scope' | 'conditions'>> {
  const { db } = parts.store
  const { conditions, words } = await readFilter({ db, clock: parts.clock }, caller, q)
  if (words.length > 0) throw invalid('q: What was said can be searched for, but not added up; take the quotes away.')
  return { db, scope: await recordsOf(db, caller, workspace), conditions }
}

/** By the filter's names, because a group becomes a filter with one click. */
const COLUMNS: Readonly<Partial<Record<FieldName, GroupField>>> = {
  model: 'model',
  provider: 'provider_slug',
  workspace: 'workspace_id',
  project: 'project',
  user: 'user_id',
  key: 'key_id',
  class: 'request_class',
}

/** A field or a tag, as the column that roll-ups and records are grouped by. */
export interface Group {
  readonly field: string
  readonly column: GroupField
}

export function readGroup(name: string): Group {
  if (name.startsWith(TAG_PREFIX) && name.length > TAG_PREFIX.length) {
    return { field: name, column: name as `tag.${string}` }
  }
  const field = findField(name)
  const column = field === undefined ? undefined : COLUMNS[field]
  if (field !== undefined && column !== undefined) return { field, column }
  const known = Object.keys(COLUMNS)
  const meant = nearestName(name, known)
  const hint = meant === undefined ? `known are ${known.join(', ')} and tag.NAME` : `did you mean ${meant}?`
  throw invalid(`group: nothing is added up by ${JSON.stringify(name.slice(0, 40))}; ${hint}`)
}
