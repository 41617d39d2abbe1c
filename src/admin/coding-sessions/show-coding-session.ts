import type { z } from 'zod'
import type { CodingSession } from '../../contract/coding-sessions.ts'
import type { StoredSession } from '../../store/sessions.ts'
import { listWorkspaces } from '../../store/workspaces.ts'
import type { UsageSums } from '../../store/usage-sums.ts'
import type { AdminCaller } from '../caller.ts'
import { isOwnContent } from '../content/content-right.ts'
import { inputTokens, showCost, showTokens } from '../logs/show-cost.ts'
import type { AdminParts } from '../parts.ts'
import { showMoment } from '../show-moment.ts'

/** Sessions as answers, with what their workspaces are called today. `readable` are the ids of those whose title may be shown. */
export async function showCodingSessions(
  caller: AdminCaller,
  sessions: readonly StoredSession[],
  readable: ReadonlySet<string>,
  { store }: Pick<AdminParts, 'store'>,
): Promise<z.output<typeof CodingSession>[]> {
  const { items } = await listWorkspaces(store.db, caller.organisationId)
  const slugs = new Map(items.map(({ id, slug }) => [String(id), slug]))
  return sessions.map((session) => ({
    id: session.id,
    object: 'coding-session' as const,
    session_id: session.claimed_id,
    workspace_id: session.workspace_id,
    workspace_slug: slugs.get(session.workspace_id) ?? null,
    user_id: session.user_id,
    api_key_id: session.key_id,
    project: session.project,
    client: session.client,
    client_version: session.client_version,
    title: readable.has(session.id) ? session.title : null,
    started_at: showMoment(session.started_at),
    last_at: showMoment(session.last_at),
    requests: session.requests,
    errors: session.errors,
    tokens: showTokens(session),
    ...showCost(session.cost_nanos),
    cache_hit_rate: cacheHitRate(session),
    is_own: isOwnContent(caller, session),
  }))
}

/** Of all that went in, the share that the provider read from its prompt cache. Null where nothing went in. */
export function cacheHitRate(usage: Omit<UsageSums, 'cost_nanos' | 'estimated'>): number | null {
  const input = inputTokens(usage)
  return input === 0 ? null : usage.cache_read_tokens / input
}
