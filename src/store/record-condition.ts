/*
 * What has to hold of a record, in the words of its row: a filter once the names of people, keys and workspaces have become ids.
 * filter-sql.ts makes a query of it.
 */

export type RecordCondition = TextCondition | TagCondition | NumberCondition | StateCondition

/** One of the patterns has to match; with `not`, none. An empty list matches nothing. */
export interface TextCondition {
  readonly kind: 'text'
  readonly of: TextAttribute
  readonly not: boolean
  readonly any: readonly TextPattern[]
}

export interface TagCondition {
  readonly kind: 'tag'
  readonly tag: string
  readonly not: boolean
  readonly any: readonly TextPattern[]
}

export interface NumberCondition {
  readonly kind: 'number'
  readonly of: NumberAttribute
  readonly not: boolean
  readonly any: readonly NumberRange[]
}

export interface StateCondition {
  readonly kind: 'state'
  readonly not: boolean
  readonly any: readonly RecordState[]
}

/** Literal pieces with anything between them; one piece is the whole text. */
export type TextPattern = readonly string[]

/** A missing end is open. Cost in nano-dollars, durations in milliseconds, the cache's share in percent, feedback as the mean of value times weight, the rest as it is counted. */
export interface NumberRange {
  readonly from?: NumberEnd
  readonly to?: NumberEnd
}

export interface NumberEnd {
  readonly value: number | bigint
  readonly included: boolean
}

export type TextAttribute =
  | 'model'
  | 'provider'
  | 'project'
  | 'user'
  | 'workspace'
  | 'key'
  | 'session'
  | 'request'
  | 'trace'
  | 'span'
  | 'agent'
  | 'tool'
  | 'client'
  | 'version'
  | 'config'
  | 'error'
  | 'stop'
  | 'class'
  | 'endpoint'
  | 'outcome'
  | 'cache.status'
  | 'content'
  | 'source'

export type NumberAttribute =
  | 'status'
  | 'cost'
  | 'cache'
  | 'ttft'
  | 'duration'
  | 'overhead'
  | 'tokens'
  | 'tokens.in'
  | 'tokens.out'
  | 'tokens.uncached'
  | 'tokens.cache_read'
  | 'tokens.cache_write'
  | 'tokens.thinking'
  | 'bytes'
  | 'bytes.new'
  | 'bytes.out'
  | 'messages'
  | 'attempts'
  | 'feedback'

export type RecordState =
  | 'error'
  | 'success'
  | 'cached'
  | 'fallback'
  | 'retried'
  | 'interrupted'
  | 'refused'
  | 'stream'
  | 'estimated'
  | 'unpriced'
  | 'has session'
  | 'has user'
  | 'has project'
  | 'has trace'
  | 'has agent'
  | 'has config'
  | 'has content'

/** Whether the answer to a condition lies in an index: then there is no sense in looking through time. */
export function isPointed({ not, ...condition }: RecordCondition): boolean {
  if (not || condition.kind !== 'text' || !POINTED.includes(condition.of)) return false
  return condition.any.every(
    ([first = '', ...more]) => more.length === 0 && (condition.of !== 'session' || isSessionKey(first)),
  )
}

const POINTED: readonly TextAttribute[] = ['session', 'request', 'trace']

/** Whether it is our name of a session, and not the one that a client claims. */
export function isSessionKey(text: string): boolean {
  return text.startsWith('ses_')
}
