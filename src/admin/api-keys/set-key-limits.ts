import type { Database } from '../../store/database.ts'
import type { ApiKey } from '../../store/keys.ts'
import type { AdminCaller } from '../caller.ts'
import { invalid } from '../error.ts'
import { setLimits, type WantedLimits } from '../limits/set-limits.ts'

/** Limits of a key that calls models; an administrator's key has nothing that could be limited. */
export async function setKeyLimits(
  tx: Database,
  caller: AdminCaller,
  { id, organisationId, workspaceId }: ApiKey,
  { usage_limits, rate_limits, reset_usage }: WantedLimits,
  now: number,
): Promise<void> {
  if (workspaceId === undefined) {
    for (const [member, value] of Object.entries({ usage_limits, rate_limits })) {
      if (value !== undefined && value !== null) throw invalid(`${member}: an organisation's key calls no models`)
    }
    return
  }
  const limited = { organisationId, workspaceId, level: 'key', subjectId: id } as const
  await setLimits(tx, caller, limited, { usage_limits, rate_limits, reset_usage }, now)
}
