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
  readonly metadata: Tags
}

/** The same for a key; it wins over its workspace in the choice of a provider. */
export interface KeyDefaults extends WorkspaceDefaults {
  /** Kept for clients that set it; null when nobody did. */
  readonly allowConfigOverride: boolean | null
}

interface DefaultsDocument {
  readonly provider?: string
  readonly metadata?: Record<string, string>
  readonly allow_config_override?: boolean
}

export function readWorkspaceDefaults(json: string): WorkspaceDefaults {
  const { provider, metadata } = JSON.parse(json) as DefaultsDocument
  return { provider, metadata: metadata ?? NO_TAGS }
}

export function writeWorkspaceDefaults({ provider, metadata }: WorkspaceDefaults): string {
  return JSON.stringify({ provider, metadata })
}

export function readKeyDefaults(json: string): KeyDefaults {
  const document = JSON.parse(json) as DefaultsDocument
  return {
    provider: document.provider,
    metadata: document.metadata ?? NO_TAGS,
    allowConfigOverride: document.allow_config_override ?? null,
  }
}

export function writeKeyDefaults({ provider, metadata, allowConfigOverride }: KeyDefaults): string {
  return JSON.stringify({ provider, metadata, allow_config_override: allowConfigOverride ?? undefined })
}

export function readTags(json: string): Tags {
  return JSON.parse(json) as Tags
}

export function readScopes(json: string): readonly string[] {
  return JSON.parse(json) as string[]
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

const NO_TAGS: Tags = {}
