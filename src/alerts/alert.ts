import type { AlertKind } from '../core/alert-kinds.ts'

/** Something that somebody should hear of. */
export interface Alert {
  readonly kind: AlertKind
  /** Names the event for ever. What has the same words is the same event, and is told once to each who hears it. */
  readonly identity: string
  readonly organisationId: string
  /** Undefined for what concerns no single workspace; then only the organisation's own channels hear of it. */
  readonly workspaceId: string | undefined
  /** Milliseconds since the epoch. */
  readonly at: number
  /** `critical`: somebody is being refused, or calls fail. */
  readonly severity: 'warning' | 'critical'
  /** A few words for a subject line. */
  readonly title: string
  /** What has happened and what to do, in sentences. */
  readonly text: string
  /** For machines. Amounts are decimal strings, moments RFC 3339. */
  readonly data: Readonly<Record<string, Fact>>
  /** Mailboxes that a key names for what happens to it. */
  readonly addresses: readonly string[]
}

export type Fact = string | number | null | readonly (string | null)[]

/** What a receiver gets: the body of a webhook, and what messages for people are made of. */
export interface AlertPayload {
  /** Of this delivery: the same in every repetition of it, and of no other. */
  readonly id: string
  readonly type: AlertKind | 'test'
  readonly created_at: string
  readonly severity: 'info' | 'warning' | 'critical'
  readonly title: string
  readonly text: string
  readonly organisation_id: string
  readonly workspace_id: string | null
  readonly data: Readonly<Record<string, Fact>>
}

export function payloadOf(alert: Alert, id: string): AlertPayload {
  return {
    id,
    type: alert.kind,
    created_at: new Date(alert.at).toISOString(),
    severity: alert.severity,
    title: alert.title,
    text: alert.text,
    organisation_id: alert.organisationId,
    workspace_id: alert.workspaceId ?? null,
    data: alert.data,
  }
}

/** A moment as sentences say it: `2026-11-30 00:00 UTC`. */
export function sayMoment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
