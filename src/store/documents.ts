import type { ContentDays, ContentMode, RecordSettings } from '../core/record-rules.ts'
import type { Credential, ProviderSettings } from '../providers/adapter.ts'

/*
 * The JSON documents in columns. They were written by this gateway from checked input, so reading them does not check
 * again; it only forgives members that an older version did not write.
 */

/** Tags that are put on every request. */
export type Tags = Readonly<Record<string, string>>

/** What a workspace says for requests that say nothing. */
export interface WorkspaceDefaults {
  /** `@slug` of the provider that serves. */
  readonly provider: string | undefined
  /** `pc-…` of the config that is followed. */
  readonly config?: string | undefined
  /** The same for the keys of people, where it differs. */
  readonly userKeyConfig?: string | undefined
  readonly metadata: Tags
  /** In whose words its callers are refused; ours when nobody said. */
  readonly errorFormat?: ErrorFormat | undefined
}

/** `portkey`: what a budget or a rate limit stops is told as Portkey's gateway would. */
export type ErrorFormat = 'anthropic' | 'portkey'

/** The same for a key; it wins over its workspace in the choice of a provider and of a config. */
export interface KeyDefaults extends Omit<WorkspaceDefaults, 'userKeyConfig'> {
  /** Whether a request may name another config. Null when nobody said, which means yes. */
  readonly allowConfigOverride: boolean | null
}

interface DefaultsDocument {
  readonly provider?: string
  readonly config_id?: string
  readonly user_api_key_config?: string
  readonly metadata?: Record<string, string>
  readonly allow_config_override?: boolean
  readonly error_format?: ErrorFormat
}

export function readWorkspaceDefaults(json: string): WorkspaceDefaults {
  const document = JSON.parse(json) as DefaultsDocument
  return {
    provider: document.provider,
    config: document.config_id,
    userKeyConfig: document.user_api_key_config,
    metadata: document.metadata ?? NO_TAGS,
    errorFormat: document.error_format,
  }
}

export function writeWorkspaceDefaults(defaults: WorkspaceDefaults): string {
  const { provider, config, userKeyConfig, metadata, errorFormat } = defaults
  return JSON.stringify({
    provider,
    config_id: config,
    user_api_key_config: userKeyConfig,
    metadata,
    error_format: errorFormat,
  })
}

export function readKeyDefaults(json: string): KeyDefaults {
  const document = JSON.parse(json) as DefaultsDocument
  return {
    provider: document.provider,
    config: document.config_id,
    metadata: document.metadata ?? NO_TAGS,
    allowConfigOverride: document.allow_config_override ?? null,
    errorFormat: document.error_format,
  }
}

export function writeKeyDefaults(defaults: KeyDefaults): string {
  const { provider, config, metadata, allowConfigOverride, errorFormat } = defaults
  return JSON.stringify({
    provider,
    config_id: config,
    metadata,
    allow_config_override: allowConfigOverride ?? undefined,
    error_format: errorFormat,
  })
}

export function readTags(json: string): Tags {
  return JSON.parse(json) as Tags
}

/** One target on the way of an exchange; RouteStep in records/record.ts says what each member means. */
export interface StoredStep {
  readonly path: string
  readonly provider?: string
  readonly result: 'answered' | 'failed' | 'skipped' | 'retried' | 'repaired'
  readonly status?: number
  readonly reason?: string
  readonly ms: number
}

export function readRoute(json: string): readonly StoredStep[] {
  return JSON.parse(json) as StoredStep[]
}

export function readChanges(json: string): readonly string[] {
  return JSON.parse(json) as string[]
}

export function readScopes(json: string): readonly string[] {
  return JSON.parse(json) as string[]
}

/** What the organisation has decided for everybody. Members that nobody set are left out. */
export interface OrganisationSettings {
  /** IANA name, such as `Europe/Berlin`: where its days, weeks and months begin. UTC without. */
  readonly timeZone?: string
  /** Whom developers ask: a channel or an address. */
  readonly contact?: string
  /** Hours after which somebody who signed in has to do it again. */
  readonly sessionHours?: number
  /** Whether answers that are under way end when their key is revoked. True without. */
  readonly endRunningStreams?: boolean
  /** What is kept of everybody's content. */
  readonly records?: RecordSettings
  /** Days after which rows of requests are forgotten; for ever without. */
  readonly rowDays?: number
}

interface OrganisationSettingsDocument {
  readonly time_zone?: string
  readonly contact?: string
  readonly session_hours?: number
  readonly end_running_streams?: boolean
  readonly records?: RecordSettingsDocument
  readonly row_days?: number
}

export function readOrganisationSettings(json: string): OrganisationSettings {
  const document = JSON.parse(json) as OrganisationSettingsDocument
  return {
    ...(document.time_zone !== undefined && { timeZone: document.time_zone }),
    ...(document.contact !== undefined && { contact: document.contact }),
    ...(document.session_hours !== undefined && { sessionHours: document.session_hours }),
    ...(document.end_running_streams !== undefined && { endRunningStreams: document.end_running_streams }),
    ...(document.records !== undefined && { records: toRecordSettings(document.records) }),
    ...(document.row_days !== undefined && { rowDays: document.row_days }),
  }
}

export function writeOrganisationSettings(settings: OrganisationSettings): string {
  return JSON.stringify({
    time_zone: settings.timeZone,
    contact: settings.contact,
    session_hours: settings.sessionHours,
    end_running_streams: settings.endRunningStreams,
    records: settings.records && toRecordsDocument(settings.records),
    row_days: settings.rowDays,
  })
}

interface RecordSettingsDocument {
  readonly content?: ContentMode
  readonly content_days?: ContentDays
  readonly masking?: readonly { readonly name: string; readonly pattern?: string }[]
  readonly searchable?: boolean
}

/** What a workspace or a key says of its content; `{}` when it leaves everything to the level above. */
export function readRecordSettings(json: string): RecordSettings {
  return json === '{}' ? NOTHING_SAID : toRecordSettings(JSON.parse(json) as RecordSettingsDocument)
}

export function writeRecordSettings(settings: RecordSettings): string {
  return JSON.stringify(toRecordsDocument(settings))
}

function toRecordSettings({ content, content_days, masking, searchable }: RecordSettingsDocument): RecordSettings {
  return {
    ...(content !== undefined && { content }),
    ...(content_days !== undefined && { contentDays: content_days }),
    ...(masking !== undefined && { masking }),
    ...(searchable !== undefined && { searchable }),
  }
}

function toRecordsDocument({ content, contentDays, masking, searchable }: RecordSettings): object {
  return { content, content_days: contentDays, masking, searchable }
}

/** When a key wants a new secret; `portcullis` reminds of it, people or their scripts do it. */
export interface KeyRotation {
  readonly period: 'weekly' | 'monthly' | undefined
  /** In place of a period. */
  readonly periodDays: number | undefined
  /** Milliseconds since the epoch. */
  readonly nextAt: number
  /** Milliseconds for which the secret before lives on. */
  readonly transitionMs: number | undefined
}

interface RotationDocument {
  readonly rotation_period?: 'weekly' | 'monthly'
  readonly rotation_period_days?: number
  readonly next_rotation_at: number
  readonly key_transition_period_ms?: number
}

export function readRotation(json: string): KeyRotation {
  const document = JSON.parse(json) as RotationDocument
  return {
    period: document.rotation_period,
    periodDays: document.rotation_period_days,
    nextAt: document.next_rotation_at,
    transitionMs: document.key_transition_period_ms,
  }
}

export function writeRotation({ period, periodDays, nextAt, transitionMs }: KeyRotation): string {
  return JSON.stringify({
    rotation_period: period,
    rotation_period_days: periodDays,
    next_rotation_at: nextAt,
    key_transition_period_ms: transitionMs,
  })
}

export function readSettings(json: string): ProviderSettings {
  return JSON.parse(json) as ProviderSettings
}

/** The secrets of an integration as they were sealed; before there were several, the key alone was. */
export function readCredential(text: string): Credential {
  return text.startsWith('{') ? (JSON.parse(text) as Credential) : { key: text }
}

export function writeCredential(credential: Credential): string {
  return JSON.stringify(credential)
}

/** What may be shown of the secrets, by their names; before there were several, it was of the key alone. */
export function readMasks(text: string | null): Credential {
  return text === null ? {} : readCredential(text)
}

const NO_TAGS: Tags = {}
const NOTHING_SAID: RecordSettings = {}
