import { sql, type RawBuilder } from 'kysely'
import type { Engine } from './engine.ts'
import { escapeLike, foldCase } from './like.ts'
import {
  isSessionKey,
  type NumberAttribute,
  type NumberCondition,
  type NumberRange,
  type RecordCondition,
  type RecordState,
  type TagCondition,
  type TextAttribute,
  type TextCondition,
  type TextPattern,
} from './record-condition.ts'

/*
 * Conditions as SQL over rows of `exchanges`, on both engines. Values are always parameters, and everything else is written
 * here. Small and large letters are the same where people write names: of a–z only, because that is all SQLite knows, and
 * the collation makes PostgreSQL do the same.
 */

/** True or false, never unknown: what has no value does not match, and its negation does. */
export function compileCondition(condition: RecordCondition, engine: Engine): RawBuilder<boolean> {
  const matches = compilePositive(condition, engine)
  return condition.not ? sql<boolean>`(case when ${matches} then 0 else 1 end = 1)` : matches
}

function compilePositive(condition: RecordCondition, engine: Engine): RawBuilder<boolean> {
  switch (condition.kind) {
    case 'text':
      return compileText(condition, engine)
    case 'tag':
      return compileTag(condition, engine)
    case 'number':
      return compileNumber(condition)
    case 'state':
      return oneOf(condition.any.map((state) => STATES[state]))
  }
}

// Text

/** Columns whose values are ids or words of our own, compared as they are so that an index answers. */
const EXACT: Readonly<Partial<Record<TextAttribute, string>>> = {
  user: 'user_id',
  workspace: 'workspace_id',
  key: 'key_id',
  request: 'id',
  trace: 'trace_id',
  span: 'span_id',
  endpoint: 'endpoint',
  outcome: 'outcome',
  'cache.status': 'cache_status',
  content: 'body_state',
  source: 'source',
}

/** Columns whose values others have named. */
const NAMED: Readonly<Partial<Record<TextAttribute, string>>> = {
  provider: 'provider_slug',
  project: 'project',
  agent: 'agent_id',
  client: 'client',
  version: 'client_version',
  config: 'config_id',
  stop: 'stop_reason',
  class: 'request_class',
}

function compileText({ of, any }: TextCondition, engine: Engine): RawBuilder<boolean> {
  const exact = EXACT[of]
  if (exact !== undefined) return compileExact(column(exact), any, engine)
  const named = NAMED[of]
  if (named !== undefined) return oneOf(any.map((pattern) => matchName(column(named), pattern, engine)))
  switch (of) {
    case 'session':
      return compileSession(any, engine)
    case 'model':
      return oneOf(
        any
          .flatMap(modelPatterns)
          .flatMap((pattern) => [
            matchName(column('model_asked'), pattern, engine),
            matchName(column('model_served'), pattern, engine),
          ]),
      )
    case 'error':
      return oneOf(any.flatMap(partPatterns).map((pattern) => matchName(column('error_code'), pattern, engine)))
    default:
      return compileTool(any, engine)
  }
}

/**
 * The same over roll-ups that have these columns; undefined for what only records tell. Their model is the one that served, else
 * the one asked for.
 */
export function compileForSums(
  condition: RecordCondition,
  columns: readonly string[],
  engine: Engine,
): RawBuilder<boolean> | undefined {
  if (condition.kind !== 'text') return undefined
  const { of, any, not } = condition
  const name = SERIES[of]
  if (name === undefined || !columns.includes(name)) return undefined
  const value = sql<string>`nullif(${sql.ref(name)}, '')`
  const matches =
    EXACT[of] === undefined
      ? oneOf((of === 'model' ? any.flatMap(modelPatterns) : any).map((pattern) => matchName(value, pattern, engine)))
      : compileExact(value, any, engine)
  return not ? sql<boolean>`(case when ${matches} then 0 else 1 end = 1)` : matches
}

const SERIES: Readonly<Partial<Record<TextAttribute, string>>> = {
  model: 'model',
  provider: 'provider_slug',
  project: 'project',
  user: 'user_id',
  workspace: 'workspace_id',
  key: 'key_id',
  class: 'request_class',
}

function compileExact(of: RawBuilder<string>, any: readonly TextPattern[], engine: Engine): RawBuilder<boolean> {
  const whole = any.flatMap((pattern) => (pattern.length === 1 ? [pattern[0] ?? ''] : []))
  const open = any.filter((pattern) => pattern.length > 1).map((pattern) => matchName(of, pattern, engine))
  return oneOf(whole.length === 0 ? open : [sql<boolean>`${of} in (${sql.join(whole)})`, ...open])
}

/** Our own name for a session says what it is; any other is the client's. */
function compileSession(any: readonly TextPattern[], engine: Engine): RawBuilder<boolean> {
  const isOurs = ([first = '']: TextPattern) => isSessionKey(first)
  const [ours, claimed] = [any.filter(isOurs), any.filter((pattern) => !isOurs(pattern))]
  return oneOf([
    ...(ours.length === 0 ? [] : [compileExact(column('session_key'), ours, engine)]),
    ...(claimed.length === 0 ? [] : [compileExact(column('session_id'), claimed, engine)]),
  ])
}

/** `opus-5` is `claude-opus-5` too, also where a cloud writes its own name before that. */
function modelPatterns(pattern: TextPattern): readonly TextPattern[] {
  const [first = '', ...rest] = pattern
  if (first === '' || first.toLowerCase().startsWith('claude')) return [pattern]
  return [pattern, ['', `claude-${first}`, ...rest]]
}

/** `overloaded` is `upstream.overloaded` too, and `upstream` everything of it. */
function partPatterns(pattern: TextPattern): readonly TextPattern[] {
  const [first = '', ...rest] = pattern
  const last = pattern.at(-1) ?? ''
  return [pattern, ['', `.${first}`, ...rest], [...pattern.slice(0, -1), `${last}.`, '']]
}

/** The names stand in a JSON array, in the order in which they were called. */
function compileTool(any: readonly TextPattern[], engine: Engine): RawBuilder<boolean> {
  const names =
    engine === 'postgres'
      ? sql`jsonb_array_elements_text(turns.tools_called::jsonb) as tool(value)`
      : sql`json_each(turns.tools_called) as tool`
  const matches = oneOf(any.map((pattern) => matchName(sql<string>`tool.value`, pattern, engine)))
  return sql<boolean>`exists (select 1 from turns, ${names} where turns.id = exchanges.id and ${matches})`
}

function compileTag({ tag, any }: TagCondition, engine: Engine): RawBuilder<boolean> {
  return oneOf(any.map((pattern) => matchName(tagValue(tag, engine), pattern, engine)))
}

/** The value of a record's tag. PostgreSQL reads no JSON that holds a NUL or half of a letter; tags with one are as good as none. */
export function tagValue(tag: string, engine: Engine): RawBuilder<string | null> {
  const metadata = column('metadata')
  if (engine === 'sqlite') return sql`(select value from json_each(${metadata}) where key = ${tag})`
  const isUnreadable = sql`(${metadata} like ${NUL_IN_JSON} or ${metadata} like ${HALF_IN_JSON})`
  return sql`(case when ${isUnreadable} then null else ${metadata}::jsonb ->> ${tag}::text end)`
}

/** As `like` reads them, for which a backslash stands for the next character. Whole letters are written as they are. */
const NUL_IN_JSON = String.raw`%\\u0000%`
const HALF_IN_JSON = String.raw`%\\ud%`

function matchName(of: RawBuilder<unknown>, pattern: TextPattern, engine: Engine): RawBuilder<boolean> {
  const folded = engine === 'postgres' ? sql`lower((${of}) collate "C")` : sql`lower(${of})`
  const pieces = pattern.map(foldCase)
  if (pieces.length === 1) return sql<boolean>`${folded} = ${pieces[0]}`
  return sql<boolean>`${folded} like ${pieces.map(escapeLike).join('%')} escape ${'!'}`
}

// Numbers

const INPUT = sql`(input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens)`

const NUMBERS: Readonly<Record<NumberAttribute, RawBuilder<unknown>>> = {
  status: column('status'),
  cost: column('cost_nanos'),
  cache: sql`(case when ${INPUT} > 0 then 100.0 * cache_read_tokens / ${INPUT} end)`,
  ttft: column('first_token_ms'),
  duration: column('total_ms'),
  overhead: column('overhead_ms'),
  tokens: sql`(${INPUT} + output_tokens)`,
  'tokens.in': INPUT,
  'tokens.out': column('output_tokens'),
  'tokens.uncached': column('input_tokens'),
  'tokens.cache_read': column('cache_read_tokens'),
  'tokens.cache_write': sql`(cache_write_5m_tokens + cache_write_1h_tokens)`,
  'tokens.thinking': column('thinking_tokens'),
  bytes: column('request_bytes'),
  'bytes.new': sql`(select fresh_bytes from turns where turns.id = exchanges.id)`,
  'bytes.out': column('response_bytes'),
  messages: sql`(select messages from turns where turns.id = exchanges.id)`,
  attempts: column('attempts'),
  feedback: sql`(select avg(feedback.value * feedback.weight) from feedback where feedback.workspace_id = exchanges.workspace_id and feedback.trace_id = exchanges.trace_id)`,
}

/** All others are whole numbers, which a fraction may not be compared with on PostgreSQL. */
const WITH_FRACTIONS: ReadonlySet<NumberAttribute> = new Set(['cache', 'ttft', 'duration', 'overhead', 'feedback'])

/** The largest number that a column holds. */
const LARGEST = 2n ** 63n - 1n

function compileNumber({ of, any }: NumberCondition): RawBuilder<boolean> {
  return oneOf(any.map((range) => compileRange(NUMBERS[of], WITH_FRACTIONS.has(of) ? range : toWhole(range))))
}

function compileRange(value: RawBuilder<unknown>, { from, to }: NumberRange): RawBuilder<boolean> {
  const ends: RawBuilder<boolean>[] = []
  if (from !== undefined) {
    ends.push(from.included ? sql<boolean>`${value} >= ${from.value}` : sql<boolean>`${value} > ${from.value}`)
  }
  if (to !== undefined) {
    ends.push(to.included ? sql<boolean>`${value} <= ${to.value}` : sql<boolean>`${value} < ${to.value}`)
  }
  return ends.length === 0 ? sql<boolean>`${value} is not null` : sql<boolean>`(${sql.join(ends, sql` and `)})`
}

/** The same range of whole numbers, both ends included. */
function toWhole({ from, to }: NumberRange): NumberRange {
  return {
    ...(from !== undefined && { from: { value: wholeEnd(from.value, from.included, 1n), included: true } }),
    ...(to !== undefined && { to: { value: wholeEnd(to.value, to.included, -1n), included: true } }),
  }
}

/** Inwards to the next whole number: up at a beginning (`step` 1), down at an end (`step` -1). */
function wholeEnd(value: number | bigint, included: boolean, step: 1n | -1n): bigint {
  const isWhole = typeof value === 'bigint' || Number.isInteger(value)
  const inwards = typeof value === 'bigint' ? value : BigInt(step === 1n ? Math.ceil(value) : Math.floor(value))
  const end = isWhole && !included ? inwards + step : inwards
  return end > LARGEST ? LARGEST : end
}

// States

const SUCCEEDED = sql`(outcome = 'completed' and status < 400)`

/** What roll-ups count by these names, they count by the same rules (rollups/tally.ts). */
const STATES: Readonly<Record<RecordState, RawBuilder<boolean>>> = {
  error: sql`(status >= 400 or (outcome = 'interrupted' and coalesce(interrupted_by, '') <> 'client'))`,
  success: sql`${SUCCEEDED}`,
  cached: sql`(cache_status = 'HIT')`,
  fallback: sql`(${SUCCEEDED} and (route like '%"result":"failed"%' or route like '%"result":"skipped"%'))`,
  retried: sql`(${SUCCEEDED} and (retries > 0 or route like '%"result":"retried"%'))`,
  interrupted: sql`(outcome = 'interrupted')`,
  refused: sql`(outcome = 'refused')`,
  stream: sql`(streaming = 1)`,
  estimated: sql`(estimated > 0)`,
  unpriced: sql`(price_flag = 'unknown_model')`,
  'has session': sql`(session_key is not null or session_id is not null)`,
  'has user': sql`(user_id is not null)`,
  'has project': sql`(project is not null)`,
  'has trace': sql`(trace_id is not null)`,
  'has agent': sql`(agent_id is not null)`,
  'has config': sql`(config_id is not null)`,
  'has content': sql`(body_state in ('full', 'masked'))`,
}

/** A column of the record: sub-queries have columns of the same name. */
function column(name: string): RawBuilder<string> {
  return sql<string>`${sql.ref(`exchanges.${name}`)}`
}

function oneOf(conditions: readonly RawBuilder<boolean>[]): RawBuilder<boolean> {
  if (conditions.length === 0) return sql<boolean>`(1 = 0)`
  return sql<boolean>`(${sql.join(conditions, sql` or `)})`
}
