import type { Generated } from 'kysely'
import type {
  BodyDeletionTable,
  BodyKeyTable,
  ClientEventTable,
  ClientMetricDayTable,
  ExchangeTable,
  FeedbackTable,
  LatencyTable,
  LedgerCallTable,
  LegalHoldTable,
  LogExportTable,
  SessionTable,
  TagDayTable,
  TurnTable,
  UsageSeriesTable,
  UsageSumTable,
} from './schema-records.ts'

/*
 * The tables, typed for Kysely. One shape for SQLite and PostgreSQL: times are integers (milliseconds since the epoch),
 * money is an integer of nano-dollars, documents are JSON text, booleans are 0 or 1.
 * What happened (calls, exchanges, sessions, roll-ups) is in schema-records.ts.
 */

export interface Tables {
  organisations: OrganisationTable
  workspaces: WorkspaceTable
  users: UserTable
  workspace_members: WorkspaceMemberTable
  api_keys: ApiKeyTable
  integrations: IntegrationTable
  integration_models: IntegrationModelTable
  integration_workspaces: IntegrationWorkspaceTable
  providers: ProviderTable
  console_sessions: ConsoleSessionTable
  price_versions: PriceVersionTable
  configs: ConfigTable
  config_versions: ConfigVersionTable
  cache_entries: CacheEntryTable
  limits: LimitTable
  policies: PolicyTable
  bucket_resets: BucketResetTable
  invites: InviteTable
  audit_entries: AuditEntryTable
  alert_channels: AlertChannelTable
  alert_deliveries: AlertDeliveryTable
  applied_resources: AppliedResourceTable
  settings: SettingTable
  changes: ChangeTable
  ledger_calls: LedgerCallTable
  exchanges: ExchangeTable
  sessions: SessionTable
  turns: TurnTable
  usage_series: UsageSeriesTable
  usage_hours: UsageSumTable
  usage_days: UsageSumTable
  latency_hours: LatencyTable
  latency_days: LatencyTable
  tag_days: TagDayTable
  body_keys: BodyKeyTable
  legal_holds: LegalHoldTable
  body_deletions: BodyDeletionTable
  feedback: FeedbackTable
  log_exports: LogExportTable
  client_events: ClientEventTable
  client_metric_days: ClientMetricDayTable
}

export interface OrganisationTable {
  id: string
  name: string
  /** JSON, as documents.ts reads it: time zone of reports and resets, whom to ask, what becomes of running answers. */
  settings: Generated<string>
  created_at: number
}

export interface WorkspaceTable {
  id: string
  organisation_id: string
  /** `ws-default-…`; unique in the organisation. */
  slug: string
  name: string
  /** The name as it is compared: folded, so that names that look alike are one. Null in rows older than this column. */
  name_key: Generated<string | null>
  description: string | null
  is_default: number
  /** JSON `{ "provider"?: "@slug", "config_id"?: "pc-…", "user_api_key_config"?: "pc-…", "metadata"?: { … } }`. */
  defaults: string
  /** JSON of what this level says of content, as documents.ts reads it. */
  records: Generated<string>
  created_at: number
  updated_at: number
}

export interface UserTable {
  id: string
  organisation_id: string
  email: string
  first_name: string
  last_name: string
  /** `owner`, `admin` or `member`. */
  role: string
  /** `active` or `suspended`; the keys of somebody who is suspended are refused. */
  status: Generated<string>
  /** Argon2id in PHC format; null for who signs in by link alone. */
  password_hash: Generated<string | null>
  created_at: number
  updated_at: number
}

export interface WorkspaceMemberTable {
  workspace_id: string
  user_id: string
  /** `admin`, `manager` or `member`. */
  role: string
  created_at: number
}

export interface ApiKeyTable {
  id: string
  organisation_id: string
  /** Null for an organisation's key, which may administer but not call models. */
  workspace_id: string | null
  user_id: string | null
  /** `organisation-service`, `workspace-service` or `workspace-user`. */
  kind: string
  name: string
  description: string | null
  /** HMAC-SHA-256 of the key under the store's pepper, in hex; the key itself is nowhere. */
  hash: string
  /** What may be shown: prefix and last four characters. */
  masked: string
  /** JSON array of scope names. */
  scopes: string
  /** JSON `{ "provider"?: "@slug", "config_id"?: …, "metadata"?: { … } }`. */
  defaults: string
  expires_at: number | null
  revoked_at: number | null
  /** Hash of the secret that a rotation has replaced, valid until `previous_expires_at`. */
  previous_hash: Generated<string | null>
  previous_expires_at: Generated<number | null>
  /** JSON of the rotation policy, as documents.ts reads it. */
  rotation: Generated<string | null>
  rotated_at: Generated<number | null>
  /** JSON array of addresses that hear of this key's budget and end. */
  alert_emails: Generated<string>
  /** JSON of what this level says of content, as documents.ts reads it. */
  records: Generated<string>
  created_at: number
  updated_at: number
}

export interface IntegrationTable {
  id: string
  organisation_id: string
  /** Null when the organisation owns it. */
  workspace_id: string | null
  slug: string
  name: string
  description: string | null
  /** Portkey's `ai_provider_id`; providers/adapter.ts lists them. */
  kind: string
  /** JSON of the secrets (see `Credential` in providers/adapter.ts) under AES-256-GCM, bound to id and host. Null when there are none. */
  sealed_credential: string | null
  /** JSON of the same members as they may be shown; before there were several, what may be shown of the key alone. */
  masked_credential: string | null
  /** JSON of the non-secret settings, such as `{ "custom_host": "https://…/v1" }`. */
  configurations: string
  allow_all_models: number
  /** 1 when every workspace of the organisation may use it, also those to come. */
  global_workspace_access: number
  created_at: number
  updated_at: number
}

export interface IntegrationModelTable {
  integration_id: string
  /** The model name that goes upstream. */
  slug: string
  enabled: number
  is_custom: number
  base_model_slug: string | null
}

/** A workspace that may use an integration; a row is the permission. */
export interface IntegrationWorkspaceTable {
  integration_id: string
  workspace_id: string
}

export interface ProviderTable {
  id: string
  workspace_id: string
  integration_id: string
  /** Unique in the workspace; written `@slug` in requests. */
  slug: string
  name: string
  note: string | null
  /** From then on it serves nobody. */
  expires_at: Generated<number | null>
  created_at: number
  updated_at: number
}

export interface ConsoleSessionTable {
  id: string
  /** `link` (one use, printed at the first start) or `session` (a browser's cookie). */
  kind: string
  hash: string
  user_id: string
  /** How a session began: `link` or `password`. */
  method: Generated<string>
  expires_at: number
  used_at: number | null
  created_at: number
}

export interface PriceVersionTable {
  /** `2026-11-23`, or whatever the operator calls it. */
  id: string
  /** Milliseconds since the epoch; the newest version that is not in the future prices a call. */
  valid_from: number
  source: string
  /** JSON, as core/pricing.ts reads it. */
  table_json: string
  created_at: number
}

/** A saved routing document; what it says stands in its versions. */
export interface ConfigTable {
  id: string
  /** The one that may use it. */
  workspace_id: string
  organisation_id: string
  /** `pc-…`; unique in the organisation. */
  slug: string
  name: string
  /** 1 for the one that its workspace follows when neither request nor key names another; at most one. */
  is_default: number
  /** `active` or `archived`. */
  status: string
  /** The version in force. */
  version_id: string
  created_at: number
  updated_at: number
}

/** Written once, never edited. */
export interface ConfigVersionTable {
  id: string
  config_id: string
  /** 1, 2, 3, … within its config. */
  number: number
  /** The document as it was saved. */
  document: string
  /** Who saved it: a key or a user; null for the preset administrator's key. */
  created_by: string | null
  created_at: number
}

/** One cached answer; src/cache/ says what lies in it. */
export interface CacheEntryTable {
  /** SHA-256 in hex over everything that makes two calls the same. */
  id: string
  workspace_id: string
  status: number
  /** JSON array: name, value, name, value. */
  headers: string
  body: Uint8Array
  bytes: number
  expires_at: number
  created_at: number
}

/** One budget or rate limit of one subject; src/limits/limit.ts says what its document holds. */
export interface LimitTable {
  id: string
  organisation_id: string
  /** Null for one that stands above workspaces. */
  workspace_id: string | null
  /** `organisation`, `workspace`, `user`, `key`, `provider`, `integration` or `policy`. */
  level: string
  /** Id of what is limited; for an integration in a workspace `<integration id>:<workspace id>`. */
  subject_id: string
  /** `budget` or `rate`. */
  kind: string
  /** JSON. */
  document: string
  /** Counting begins here: its creation, or its last reset by hand. */
  since: number
  created_at: number
  updated_at: number
}

/** To whom a limit applies, where that is not one subject; its limit stands in `limits`. */
export interface PolicyTable {
  id: string
  organisation_id: string
  workspace_id: string | null
  /** `usage-limits` or `rate-limits`. */
  kind: string
  name: string
  description: string | null
  /** JSON array of `{ "key", "value", "excludes"? }`. */
  conditions: string
  /** JSON array of `{ "key" }`. */
  group_by: string
  created_at: number
  updated_at: number
}

/** A single bucket of a policy that was reset by hand. */
export interface BucketResetTable {
  bucket: string
  since: number
}

export interface InviteTable {
  id: string
  organisation_id: string
  email: string
  /** `admin` or `member`. */
  role: string
  /** JSON array of `{ "id", "role" }`. */
  workspaces: string
  /** JSON of the key that is made with the first sign-in, or null. */
  key_details: string | null
  /** Of the link's token. */
  hash: string
  /** `pending`, `cancelled` or `accepted`; `expired` is judged by the time. */
  status: string
  invited_by: string | null
  /** Who it has become. */
  user_id: string | null
  expires_at: number
  accepted_at: number | null
  created_at: number
}

/** One change of the control plane. Rows are only ever added; each carries the hash of the one before. */
export interface AuditEntryTable {
  /** 1, 2, 3, …, without a gap. */
  number: number
  organisation_id: string
  workspace_id: string | null
  at: number
  /** `create`, `update`, `delete`, `rotate`, `sign-in`, … */
  action: string
  resource_type: string
  resource_id: string | null
  /** JSON: who. */
  actor: string
  /** JSON: how and from where. */
  request: string
  /** In the words of whoever did it. */
  reason: string | null
  /** JSON of the resource, without secrets; null before it was there. */
  before: string | null
  after: string | null
  previous_hash: string
  hash: string
}

/** Where alerts go. */
export interface AlertChannelTable {
  id: string
  organisation_id: string
  workspace_id: string | null
  /** `webhook`, `slack` or `email`. */
  kind: string
  name: string
  /** JSON array of the kinds of events it wants. */
  events: string
  /** JSON of what is no secret. */
  settings: string
  sealed_secret: string | null
  enabled: number
  created_at: number
  updated_at: number
}

/** One alert on its way to one channel, or to one address of its key. */
export interface AlertDeliveryTable {
  id: string
  /** The event and where it goes: what is there already is not told again. */
  once: string
  organisation_id: string
  /** Whose it is: the channel's, or the key's. Null for what only administrators see. */
  workspace_id: string | null
  /** Null for an address of a key. */
  channel_id: string | null
  /** Of a key's `alert_emails`; null for a channel. */
  address: string | null
  event: string
  /** JSON. */
  payload: string
  /** `waiting`, `delivered` or `failed`. */
  state: string
  attempts: number
  next_at: number
  last_error: string | null
  created_at: number
  delivered_at: number | null
}

/** What a configuration file has made, so that it removes that and nothing else. */
export interface AppliedResourceTable {
  id: string
  organisation_id: string
  /** The name that the file gives itself. */
  file: string
  kind: string
  /** How the file names it. */
  reference: string
  resource_id: string
  applied_at: number
}

export interface SettingTable {
  name: string
  value: string
}

/** One row per change of the control plane; its highest `revision` tells a replica whether its picture is old. */
export interface ChangeTable {
  revision: Generated<number>
  at: number
  subject: string
}
