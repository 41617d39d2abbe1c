import type { EndingKey, RotatingKey } from '../store/alert-subjects.ts'
import { sayMoment, type Alert } from './alert.ts'

const DAY_MS = 86_400_000

/** Days before its end at which a key is told of. */
const STAGES = [1, 3, 14] as const

/** How far ahead one has to look. Milliseconds. */
export const KEY_NOTICE_MS = 14 * DAY_MS

/**
 * The alert of a key that ends soon: 14, 3 and 1 days before, each once. A key that was made to live shorter than that is not told of at
 * that stage: who made it knows.
 */
export function keyExpiring(key: EndingKey, now: number): Alert | undefined {
  const days = STAGES.find((stage) => key.expiresAt - now <= stage * DAY_MS)
  if (days === undefined || key.createdAt > key.expiresAt - days * DAY_MS) return undefined
  const expires = new Date(key.expiresAt).toISOString()
  return {
    kind: 'key.expiring',
    identity: `${key.id} ${key.expiresAt} ${days}`,
    organisationId: key.organisationId,
    workspaceId: key.workspaceId,
    at: now,
    severity: days === 1 ? 'critical' : 'warning',
    title: `The ${key.name} ends in ${days === 1 ? 'less than a day' : `${days} days`}`,
    text: `The ${key.name} ends at ${sayMoment(key.expiresAt)}; from then on it is refused. Make another one, or give it a later end.`,
    data: { key_id: key.id, key: key.name, expires_at: expires, days },
    addresses: key.addresses,
  }
}

/** Nobody changes a key's secret by itself: whoever uses it would not know the new one. */
export function keyRotationDue(key: RotatingKey, now: number): Alert {
  return {
    kind: 'key.rotation_due',
    identity: `${key.id} ${key.rotatesAt}`,
    organisationId: key.organisationId,
    workspaceId: key.workspaceId,
    at: now,
    severity: 'warning',
    title: `The ${key.name} is due for a new secret`,
    text: `The ${key.name} was to be rotated by ${sayMoment(key.rotatesAt)}. Rotate it and hand out the new secret; the old one lives on for as long as its policy says.`,
    data: { key_id: key.id, key: key.name, due_at: new Date(key.rotatesAt).toISOString() },
    addresses: key.addresses,
  }
}
