import type { Database } from '../../store/database.ts'
import { findKey, type ApiKey } from '../../store/keys.ts'
import { seesOnlyOwn, type AdminCaller } from '../caller.ts'
import { missing } from '../error.ts'
import { mayHandle, type KeyVerb } from './key-permissions.ts'

/**
 * The key of that id. One that was revoked is gone, and so is one of another workspace, of another person (for a person's
 * key), or of a kind that the caller may not handle.
 */
export async function seeKey(
  db: Database,
  caller: AdminCaller,
  id: string,
  verb: Exclude<KeyVerb, 'create' | 'list'>,
): Promise<ApiKey> {
  const key = await findKey(db, caller.organisationId, id)
  const visible =
    key !== undefined &&
    key.revokedAt === undefined &&
    (caller.workspaceId === undefined || caller.workspaceId === key.workspaceId) &&
    isOwn(caller, key) &&
    mayHandle(caller, key.kind, verb)
  if (!visible) throw missing(`The key ${id}`)
  return key
}

/** A person's key and a plain member see the keys of that person, or only itself when it belongs to nobody. Others see every key. */
export function isOwn(caller: AdminCaller, key: ApiKey): boolean {
  if (!seesOnlyOwn(caller)) return true
  return caller.userId === undefined ? caller.keyId === key.id : caller.userId === key.userId
}
