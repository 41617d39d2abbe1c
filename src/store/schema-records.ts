import type { ColumnType, Generated } from 'kysely'

/*
 * The tables of what happened: calls and exchanges, what they add up to, and what is kept with them. The same conventions
 * as in schema.ts. Integers that may pass 2^53 (nano-dollars: 9 million dollars do) are read as bigint; the house rule is
 * that the names of such columns end in `_nanos`.
 */

/** Written as bigint or number, always read as bigint. */
type BigInteger = ColumnType<bigint, bigint | number, bigint | number>

/** Columns that count tokens and calls, shared by calls and exchanges. */
interface UsageColumns {
  input_tokens: number
  output_tokens: number
  cache_read_tokens: number
  cache_write_5m_tokens: number
  cache_write_1h_tokens: number
  thinking_tokens: number
  web_searches: number
  web_fetches: number
  code_executions: number
  estimated: number
  cost_nanos: BigInteger
}

/** One row per upstream call that was started. Written once, when the call is closed. */
export interface LedgerCallTable extends UsageColumns {
  id: string
  exchange_id: string
  ordinal: number
  organisation_id: string
  workspace_id: string
  key_id: string
  user_id: string | null
  provider_id: string
  provider_slug: string
  provider_kind: string
  endpoint: string
  model: string
  model_served: string | null
  opened_at: number
  closed_at: number
  /** `completed`, `failed` or `interrupted`. */
  outcome: string
  /** `client`, `upstream`, `shutdown` or `crash`. */
  interrupted_by: string | null
  upstream_status: number | null
  upstream_request_id: string | null
  price_version: string
  price_flag: string
  /** JSON array of the budget buckets it was charged to; src/limits/limit.ts says how they are named. */
  buckets: Generated<string>
  /** What was held for it, where a crash has left nobody who could tell what it used; else 0. */
  held_nanos: ColumnType<bigint, bigint | number | undefined, bigint | number>
  held_tokens: Generated<number>
  /** Of its exchange, so that calls, exchanges and roll-ups agree on the hour and the day. Null in rows older than this column. */
  received_at: Generated<number | null>
  session_key: Generated<string | null>
  project: Generated<string | null>
  request_class: Generated<string | null>
}

/** One row per exchange, refusals included; records/record.ts says what each field means. */
export interface ExchangeTable extends UsageColumns {
  id: string
  endpoint: string
  received_at: number
  organisation_id: string | null
  workspace_id: string | null
  key_id: string | null
  user_id: string | null
  /** JSON object of strings. */
  metadata: string
  trace_id: string | null
  client: string | null
  client_version: string | null
  session_id: string | null
  agent_id: string | null
  parent_agent_id: string | null
  prompt_id: string | null
  request_class: string | null
  streaming: number
  model_asked: string | null
  model_served: string | null
  provider_id: string | null
  provider_slug: string | null
  attempts: number
  config_id: string | null
  config_version_id: string | null
  target_path: string | null
  retries: number
  cache_status: string | null
  /** JSON array; records/record.ts has its items. */
  route: string
  /** JSON array of strings. */
  changes: string
  upstream_request_id: string | null
  status: number
  outcome: string
  interrupted_by: string | null
  error_code: string | null
  stop_reason: string | null
  price_version: string | null
  price_flag: string | null
  queue_ms: number | null
  connect_ms: number | null
  first_byte_ms: number | null
  first_token_ms: number | null
  total_ms: number
  overhead_ms: number | null
  request_bytes: number
  response_bytes: number
  /** `ses_…` of core/session-key.ts: the claimed session within its workspace and person. */
  session_key: Generated<string | null>
  /** The tag `project`. */
  project: Generated<string | null>
  span_id: Generated<string | null>
  parent_span_id: Generated<string | null>
  span_name: Generated<string | null>
  /** Where its content lies (records/shelf.ts); null when none is kept. */
  shelf: Generated<string | null>
  /** `full`, `masked`, `metadata`, `dropped` or `none`; records/transcript.ts says what they mean. */
  body_state: Generated<string>
  /** `gateway`, or `api` for what was handed in by `POST /v1/logs`. */
  source: Generated<string>
}

/** One session, added up with the writes of its exchanges. */
export interface SessionTable extends UsageColumns {
  /** `ses_…` of core/session-key.ts. */
  id: string
  organisation_id: string
  workspace_id: string
  user_id: string | null
  /** Of its first exchange. */
  key_id: string
  /** As the client sends it; empty while nothing but the record of a crash is known of it. */
  claimed_id: string
  project: string | null
  client: string | null
  client_version: string | null
  /** Content: the client's own title, else the beginning of the first prompt. Goes with the content. */
  title: string | null
  started_at: number
  last_at: number
  /** Messages calls, without `count_tokens` and probes. */
  requests: number
  errors: number
}

/** What the content of an exchange says of it; the id is the exchange's. records/turn.ts says what the columns mean. */
export interface TurnTable {
  id: string
  session_key: string | null
  received_at: number
  /** Whose preview and title are content, and go with their shelf. */
  shelf: string
  fresh_bytes: number
  messages: number
  first_changed_message: number | null
  tools_hash: string | null
  system_hash: string | null
  preview: string | null
  title: string | null
  /** JSON array of names. */
  tools_called: string
}

/** One combination of everything that usage is added up by. Empty text where an exchange has no such thing. */
export interface UsageSeriesTable {
  /** Made of the other columns, so that every process comes to the same. */
  id: string
  organisation_id: string
  workspace_id: string
  project: string
  user_id: string
  key_id: string
  /** That served, else that was asked for. */
  model: string
  provider_slug: string
  request_class: string
}

/** How often something happened. */
interface CountColumns {
  /** Exchanges with `/v1/messages`; token counts and probes are in the rows only. */
  requests: number
  /** Of them, with a status from 400 on, or broken off by somebody else than the client. */
  errors: number
  interrupted: number
  cache_hits: number
  /** Of them, that succeeded after a retry, and after a fallback. */
  retried: number
  fell_back: number
  /** Upstream calls, whose usage the other columns add up. */
  calls: number
}

/** Usage of one series in one hour or day. */
export interface UsageSumTable extends CountColumns, UsageColumns {
  /** Where the hour or the day begins in the organisation's zone, in milliseconds since the epoch. */
  start: number
  series_id: string
}

/** A histogram of durations, for percentiles over any number of exchanges. */
export interface LatencyTable {
  start: number
  workspace_id: string
  provider_slug: string
  model: string
  /** `total`, `first_token` or `overhead`. */
  metric: string
  /** Number of the bucket; store/latency-buckets.ts has its bounds. */
  bucket: number
  organisation_id: string
  requests: number
}

/** Usage of one tag in one day, by whoever may see it. */
export interface TagDayTable extends CountColumns, UsageColumns {
  start: number
  organisation_id: string
  workspace_id: string
  user_id: string
  key_id: string
  name: string
  value: string
}

/** A key that the keys of a workspace's chapters are wrapped with, itself sealed with the master key. One of a workspace is not shredded. */
export interface BodyKeyTable {
  id: string
  workspace_id: string
  /** Null once it is shredded: what it opened is gone for good. */
  sealed_key: string | null
  shredded_at: number | null
  created_at: number
}

/** Whose content is not thrown away when its time is over. */
export interface LegalHoldTable {
  id: string
  organisation_id: string
  /** `session`, `user` or `workspace`. */
  subject_kind: string
  subject_id: string
  reason: string
  created_by: string | null
  created_at: number
}

/** Content that was deleted before its time, so that whoever asks hears that, and not that it was lost. */
export interface BodyDeletionTable {
  /** A session, a key's exchanges without one, or an exchange. */
  scope: string
  shelf: string
  deleted_at: number
}

export interface FeedbackTable {
  id: string
  organisation_id: string
  workspace_id: string
  key_id: string | null
  user_id: string | null
  trace_id: string
  /** -10 to 10. */
  value: number
  /** 0 to 1. */
  weight: number
  /** JSON object. */
  metadata: string
  created_at: number
  updated_at: number
}

/** An export of records: a job in the background that can be stopped and taken up again. */
export interface LogExportTable {
  id: string
  organisation_id: string
  workspace_id: string | null
  description: string | null
  /** `draft`, `in_progress`, `success`, `failed` or `stopped`. */
  status: string
  /** JSON of what was asked for. */
  request: string
  /** JSON of who started it, else made it, and with which rights. */
  maker: string
  /** JSON of the records that it is of, as the request was understood when it was started; null before. */
  filter: string | null
  /** Name of the folder that its file lies in: each gateway has one of its own. */
  folder: string | null
  /** Where it goes on. */
  cursor: string | null
  rows: number
  bytes: number
  error: string | null
  created_by: string | null
  created_at: number
  updated_at: number
  /** Another one with each start, so that what is left of an earlier one writes nothing more. */
  started_at: number | null
  finished_at: number | null
}

/** Something that a client has told of itself over OpenTelemetry. */
export interface ClientEventTable {
  id: string
  organisation_id: string
  workspace_id: string
  key_id: string
  /** Empty where the key is nobody's. */
  user_id: string
  name: string
  session_key: string | null
  /** Of the exchange that it is about. */
  request_id: string | null
  at: number
  /** JSON object. */
  attributes: string
}

/** What clients count of themselves, such as lines of code, added up by the day. */
export interface ClientMetricDayTable {
  start: number
  organisation_id: string
  workspace_id: string
  user_id: string
  key_id: string
  name: string
  /** JSON object of the attributes that tell its kinds apart, its names in order. */
  attributes: string
  value: number
}
