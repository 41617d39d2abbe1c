import type { Tables } from '../schema.ts'

/* The tables that are only ever added to, and the statement that adds a row to each. */

/** A value of a column as it is written. */
export type Value = string | number | bigint | null

/** How often something happened: schema-records.ts says what each means. */
export const COUNT_COLUMNS = [
  'requests',
  'errors',
  'interrupted',
  'cache_hits',
  'retried',
  'fell_back',
  'calls',
] as const

/** What was used; the cost comes last and is a bigint. */
export const USAGE_COLUMNS = [
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'thinking_tokens',
  'web_searches',
  'web_fetches',
  'code_executions',
  'estimated',
  'cost_nanos',
] as const

/** What usage is added up by, in the order in which a series is written. */
export const SERIES_COLUMNS = [
  'organisation_id',
  'workspace_id',
  'project',
  'user_id',
  'key_id',
  'model',
  'provider_slug',
  'request_class',
] as const

/** One table, and what becomes of a row that is there already. */
export interface SumTable {
  readonly name: SumTableName
  readonly columns: readonly string[]
  readonly keys: readonly string[]
  /** Column by column, what the row that is there becomes; empty where it stays as it is. */
  readonly changes: readonly string[]
}

export type SumTableName = Extract<
  keyof Tables,
  'usage_series' | 'usage_hours' | 'usage_days' | 'latency_hours' | 'latency_days' | 'tag_days' | 'sessions'
>

const SUMS = [...COUNT_COLUMNS, ...USAGE_COLUMNS]
const LATENCY_KEYS = ['start', 'workspace_id', 'provider_slug', 'model', 'metric', 'bucket']
const TAG_KEYS = ['name', 'start', 'value', 'workspace_id', 'user_id', 'key_id']
const SESSION_SUMS = ['requests', 'errors', ...USAGE_COLUMNS]

/** Of the first exchange, the one that a session is described by. */
const FIRST_IN_SESSION = ['key_id', 'project', 'client', 'client_version']

export const SUM_TABLES = {
  series: { name: 'usage_series', columns: ['id', ...SERIES_COLUMNS], keys: ['id'], changes: [] },
  usageHours: summed('usage_hours', ['start', 'series_id'], [], SUMS),
  usageDays: summed('usage_days', ['start', 'series_id'], [], SUMS),
  latencyHours: summed('latency_hours', LATENCY_KEYS, ['organisation_id'], ['requests']),
  latencyDays: summed('latency_days', LATENCY_KEYS, ['organisation_id'], ['requests']),
  tagDays: summed('tag_days', TAG_KEYS, ['organisation_id'], SUMS),
  sessions: {
    name: 'sessions',
    columns: [
      'id',
      'organisation_id',
      'workspace_id',
      'user_id',
      'claimed_id',
      ...FIRST_IN_SESSION,
      'started_at',
      'last_at',
      ...SESSION_SUMS,
    ],
    keys: ['id'],
    changes: [
      // Who made the record of a crashed exchange did not know what the client had said.
      `"claimed_id" = case when "sessions"."claimed_id" = '' then excluded."claimed_id" else "sessions"."claimed_id" end`,
      ...FIRST_IN_SESSION.map(
        (column) =>
          `"${column}" = case when excluded."claimed_id" <> '' and (excluded."started_at" < "sessions"."started_at" ` +
          `or "sessions"."claimed_id" = '') then excluded."${column}" else "sessions"."${column}" end`,
      ),
      keepExtreme('started_at', '<'),
      keepExtreme('last_at', '>'),
      ...SESSION_SUMS.map((column) => addColumn('sessions', column)),
    ],
  },
} as const satisfies Readonly<Record<string, SumTable>>

/** `source` is where the rows come from: `values (?, …)`, or a query. */
export function addRowsText({ name, columns, keys, changes }: SumTable, source: string): string {
  const action = changes.length === 0 ? 'nothing' : `update set ${changes.join(', ')}`
  return `insert into "${name}" (${listOf(columns)}) ${source} on conflict (${listOf(keys)}) do ${action}`
}

function summed(
  name: SumTableName,
  keys: readonly string[],
  others: readonly string[],
  sums: readonly string[],
): SumTable {
  return { name, columns: [...keys, ...others, ...sums], keys, changes: sums.map((column) => addColumn(name, column)) }
}

function addColumn(table: SumTableName, column: string): string {
  return `"${column}" = "${table}"."${column}" + excluded."${column}"`
}

function keepExtreme(column: string, sign: '<' | '>'): string {
  const [there, given] = [`"sessions"."${column}"`, `excluded."${column}"`]
  return `"${column}" = case when ${given} ${sign} ${there} then ${given} else ${there} end`
}

function listOf(columns: readonly string[]): string {
  return columns.map((column) => `"${column}"`).join(', ')
}
