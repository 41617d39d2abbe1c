import type { z } from 'zod'
import type { Key } from '../../contract/api-keys.ts'
import type { ApiKey } from '../../store/keys.ts'
import { showMoment } from '../show-moment.ts'

/** A key as it may be seen: everything but the key. */
export function showKey(key: ApiKey, now: number): z.output<typeof Key> {
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
    status: statusOf(key, now),
    scopes: [...key.scopes],
    defaults: { provider, config_id: config, metadata: { ...metadata }, error_format: errorFormat },
    allow_config_override: allowConfigOverride === null ? null : allowConfigOverride ? 1 : 0,
    expires_at: showMoment(key.expiresAt ?? null),
    created_at: showMoment(key.createdAt),
    last_updated_at: showMoment(key.updatedAt),
    object: 'api-key',
  }
}

function statusOf({ revokedAt, expiresAt }: ApiKey, now: number): 'active' | 'expired' | 'revoked' {
  if (revokedAt !== undefined) return 'revoked'
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : 'active'
}
