import type { Database } from '../../store/database.ts'
import { findPolicy, type LimitedPolicy, type PolicyKind } from '../../store/policies.ts'
import type { AdminCaller } from '../caller.ts'
import { missing } from '../error.ts'

/** The policy of that id; for everybody but administrators only those of their own workspace exist. */
export async function seePolicy(
  db: Database,
  caller: AdminCaller,
  kind: PolicyKind,
  id: string,
): Promise<LimitedPolicy> {
  const found = await findPolicy(db, caller.organisationId, kind, id)
  if (found === undefined || (caller.workspaceId !== undefined && caller.workspaceId !== found.workspaceId)) {
    throw missing(`The policy ${id}`)
  }
  return found
}
