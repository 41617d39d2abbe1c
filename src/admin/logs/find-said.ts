import type { ExchangeCursor, ExchangeFilter } from '../../store/exchanges.ts'
import { findExchanges, findOldest, type FoundExchanges } from '../../store/find-exchanges.ts'
import { listWorkspaces } from '../../store/workspaces.ts'
import type { AdminCaller } from '../caller.ts'
import { openContents, opensOthers } from '../content/content-right.ts'
import { forbidden } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { patienceOf } from './ask-logs.ts'

/** Asks for everything that a page may need at once: hits are confirmed one by one, so a search has its price. */
const HITS_MAX = 500
const SEARCH_MS = 1_000

/**
 * Records in whose content all the words stand, newest first, within a filter. Whoever may not open what others wrote searches
 * their own; whoever may, and gives a reason, leaves an entry for each session that was found.
 */
export async function findSaid(
  parts: AdminParts,
  caller: AdminCaller,
  { filter, words, page }: Said,
): Promise<FoundExchanges> {
  const visible = opensOthers(caller) ? filter : toOwn(caller, filter)
  if (visible === undefined) return NOTHING
  const until = Math.min(filter.until ?? Infinity, page.after === undefined ? Infinity : page.after.receivedAt + 1)
  const { exchangeIds, complete } = await parts.bodies.search({
    workspaceIds: await workspacesOf(parts, visible),
    words: words.join(' '),
    since: filter.since ?? 0,
    until: Math.min(until, parts.clock.now() + 1),
    limit: HITS_MAX,
    timeoutMs: SEARCH_MS,
  })
  if (exchangeIds.length === 0) return NOTHING
  const among = { kind: 'text', of: 'request', not: false, any: exchangeIds.map((id) => [id]) } as const
  const matching = { ...visible, conditions: [...(visible.conditions ?? []), among] }
  const found = await findExchanges(parts.store.db, matching, page, patienceOf(parts))
  await openContents(caller, found.items, parts)
  if (complete || found.next !== undefined) return found
  // There is more than one search finds: the next one goes on below the oldest of these.
  const oldest = await findOldest(parts.store.db, visible.organisationId, exchangeIds)
  return { ...found, next: oldest, searchedUntil: oldest?.receivedAt }
}

export interface Said {
  readonly filter: ExchangeFilter
  readonly words: readonly string[]
  readonly page: { readonly limit: number; readonly after?: ExchangeCursor | undefined }
}

const NOTHING: FoundExchanges = { items: [], next: undefined, searchedUntil: undefined }

/** What the caller made: as a person, or with the very key. */
function toOwn(caller: AdminCaller, filter: ExchangeFilter): ExchangeFilter | undefined {
  const { userId, keyId } = caller
  if (userId === undefined && keyId === undefined) {
    throw forbidden(
      'To search what other people wrote takes the scope content.read, and a reason in x-portcullis-reason.',
    )
  }
  if (userId !== undefined)
    return filter.userId === undefined || filter.userId === userId ? { ...filter, userId } : undefined
  return filter.keyId === undefined || filter.keyId === keyId ? { ...filter, keyId: keyId! } : undefined
}

async function workspacesOf(
  { store }: AdminParts,
  { organisationId, workspaceId }: ExchangeFilter,
): Promise<readonly string[]> {
  if (workspaceId !== undefined) return [workspaceId]
  return (await listWorkspaces(store.db, organisationId)).items.map(({ id }) => id)
}
