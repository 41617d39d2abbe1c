import type { AuditActor, AuditRequest } from '../../store/audit.ts'
import type { Database } from '../../store/database.ts'
import { findKey } from '../../store/keys.ts'
import { findUser } from '../../store/users.ts'
import type { Identity, Origin } from '../caller.ts'

/** Whoever asks, by the name of today: the trail has to be readable when key and person are gone. */
export async function nameActor(db: Database, { kind, keyId, userId, organisationId }: Identity): Promise<AuditActor> {
  if (keyId !== undefined) {
    const key = await findKey(db, organisationId, keyId)
    return { type: 'api_key', id: keyId, name: key?.name ?? null, user_id: userId ?? null }
  }
  if (kind === 'session' && userId !== undefined) {
    const user = await findUser(db, organisationId, userId)
    return { type: 'user', id: userId, name: user?.email ?? null, user_id: userId }
  }
  return { type: 'preset_key', id: null, name: 'preset administrator key', user_id: null }
}

/** A request as the trail keeps it; `status` is that of its answer. */
export function keepRequest(origin: Origin, status: number): AuditRequest {
  return {
    id: origin.requestId,
    method: origin.method,
    uri: origin.uri,
    client_ip: origin.clientIp,
    forwarded_for: origin.forwardedFor ?? null,
    user_agent: origin.userAgent ?? null,
    status,
  }
}
