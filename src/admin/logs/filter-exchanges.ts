import type { z } from 'zod'
import type { SummaryQuery } from '../../contract/logs.ts'
import type { Database } from '../../store/database.ts'
import type { ExchangeFilter, ExchangeScope } from '../../store/exchanges.ts'
import { isSessionKey } from '../../store/record-condition.ts'
import type { AdminCaller, Identity } from '../caller.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'

/** Whose records a caller may see: the organisation's, a workspace's, for a plain member their own, for a person's key its own. */
export async function recordsOf(db: Database, caller: Identity, workspace: string | undefined): Promise<ExchangeScope> {
  const workspaceId = await scopeOf(db, caller, workspace)
  return {
    organisationId: caller.organisationId,
    ...(workspaceId !== undefined && { workspaceId }),
    ...(caller.kind === 'workspace-user' && caller.keyId !== undefined && { keyId: caller.keyId }),
    ...(caller.roles?.workspace === 'member' && caller.userId !== undefined && { userId: caller.userId }),
  }
}

/** The filters of a query within the records that the caller may see. Undefined when the two exclude each other. */
export async function filterExchanges(
  db: Database,
  caller: AdminCaller,
  query: z.output<typeof SummaryQuery>,
): Promise<ExchangeFilter | undefined> {
  const scope = await recordsOf(db, caller, query.workspace_id)
  if (query.key !== undefined && scope.keyId !== undefined && query.key !== scope.keyId) return undefined
  return {
    ...scope,
    ...(query.key !== undefined && { keyId: query.key }),
    ...sessionOf(query.session),
    ...(query.model !== undefined && { model: query.model }),
    ...(query.provider !== undefined && { providerSlug: query.provider.replace(/^@/, '') }),
    ...(query.status !== undefined && { status: readStatus(query.status) }),
    ...(query.config !== undefined && { config: query.config }),
    ...(query.cache !== undefined && { cacheStatus: query.cache }),
    ...(query.since !== undefined && { since: Date.parse(query.since) }),
    ...(query.until !== undefined && { until: Date.parse(query.until) }),
  }
}

function sessionOf(session: string | undefined): Pick<ExchangeFilter, 'sessionId' | 'conditions'> {
  if (session === undefined) return {}
  if (!isSessionKey(session)) return { sessionId: session }
  return { conditions: [{ kind: 'text', of: 'session', not: false, any: [[session]] }] }
}

/** `429` is one status, `4xx` a hundred. */
function readStatus(status: string): { from: number; to: number } {
  const [from, to] = [status.replaceAll('x', '0'), status.replaceAll('x', '9')]
  return { from: Number(from), to: Number(to) }
}
