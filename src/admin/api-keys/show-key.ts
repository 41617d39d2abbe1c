import type { z } from 'zod'
import type { Key } from '../../contract/api-keys.ts'
import type { Database } from '../../store/database.ts'
import type { KeyRotation } from '../../store/documents.ts'
import type { ApiKey } from '../../store/keys.ts'
import { readLimits, showSingle, type ShownLimits } from '../limits/show-limits.ts'
import type { AdminParts } from '../parts.ts'
import { showSettings } from '../record-rules/record-settings.ts'
import { showMoment } from '../show-moment.ts'

type ShownKey = z.output<typeof Key>
type ShowParts = Pick<AdminParts, 'clock' | 'limits'>

/** Keys as they may be seen: everything but the key itself. */
export async function showKeys(db: Database, keys: readonly ApiKey[], parts: ShowParts): Promise<ShownKey[]> {
  const ids = keys.map(({ id }) => id)
  const limitsOf = await readLimits(db, 'key', ids, parts.limits)
  return keys.map((key) => show(key, limitsOf(key.id), parts.clock.now()))
}

export async function showKey(db: Database, key: ApiKey, parts: ShowParts): Promise<ShownKey> {
  const limitsOf = await readLimits(db, 'key', [key.id], parts.limits)
  return show(key, limitsOf(key.id), parts.clock.now())
}

function show(key: ApiKey, limits: ShownLimits, now: number): ShownKey {
  const { provider = null, config = null, metadata, allowConfigOverride, errorFormat = 'anthropic' } = key.defaults
  return {
    id: key.id,
    name: key.name,
    description: key.description,
    type: key.kind,
    organisation_id: key.organisationId,
    workspace_id: key.workspaceId ?? null,
    user_id: key.userId ?? null,
    masked_key: key.masked,
    status: statusOf(key, limits, now),
    scopes: [...key.scopes],
    defaults: { provider, config_id: config, metadata: { ...metadata }, error_format: errorFormat },
    allow_config_override: allowConfigOverride === null ? null : allowConfigOverride ? 1 : 0,
    expires_at: showMoment(key.expiresAt ?? null),
    rotation_policy: key.rotation === undefined ? null : showRotation(key.rotation),
    last_rotated_at: showMoment(key.rotatedAt ?? null),
    key_transition_expires_at: showMoment(transitionOf(key, now) ?? null),
    alert_emails: [...key.alertEmails],
    records: showSettings(key.records),
    ...showSingle(limits),
    created_at: showMoment(key.createdAt),
    last_updated_at: showMoment(key.updatedAt),
    object: 'api-key',
  }
}

function showRotation({ period, periodDays, nextAt, transitionMs }: KeyRotation) {
  return {
    rotation_period: period ?? null,
    rotation_period_days: periodDays ?? null,
    next_rotation_at: showMoment(nextAt),
    key_transition_period_ms: transitionMs ?? null,
  }
}

/** Until when the secret before works; undefined when it does not any more. */
function transitionOf({ previousExpiresAt }: ApiKey, now: number): number | undefined {
  return previousExpiresAt !== undefined && previousExpiresAt > now ? previousExpiresAt : undefined
}

function statusOf({ revokedAt, expiresAt }: ApiKey, { isExhausted }: ShownLimits, now: number): ShownKey['status'] {
  if (revokedAt !== undefined) return 'revoked'
  if (expiresAt !== undefined && expiresAt <= now) return 'expired'
  return isExhausted ? 'exhausted' : 'active'
}
