import { CONTENT_SCOPE } from '../../contract/scopes.ts'
import type { ExchangeCursor, ExchangeFilter } from '../../store/exchanges.ts'
import { findExchanges, findOldest, type FoundExchanges } from '../../store/find-exchanges.ts'
import { listWorkspaces, type Workspace } from '../../store/workspaces.ts'
import type { AdminCaller } from '../caller.ts'
import { openContents, opensOthers } from '../content/content-right.ts'
import { forbidden, invalid } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { patienceOf } from './ask-logs.ts'
import { keepsIndex } from './keeps-index.ts'

/** Hits are confirmed one by one, so a search has its price: where a filter leaves few of them, a page needs many, */
const HITS_MAX = 500
/** and else hardly more than it shows: some may have come at the same moment as the last of the page before. */
const HITS_BESIDE_PAGE = 50
/** So that with everything around it an answer takes a second at most. */
const SEARCH_MS = 750

/**
 * Records in whose content all the words stand, newest first, within a filter. Whoever may not open what others wrote searches
 * their own; whoever may, and gives a reason, leaves an entry for each session that was found.
 */
export async function findSaid(
  parts: AdminParts,
  caller: AdminCaller,
  { filter, words, page }: Said,
): Promise<FoundSaid> {
  const visible = opensOthers(caller) ? filter : toOwn(caller, filter)
  if (visible === undefined) return { ...NOTHING, indexed: null }
  const workspaces = await workspacesOf(parts, visible)
  if (workspaces.length === 0) return { ...NOTHING, indexed: null }
  const until = Math.min(filter.until ?? Infinity, page.after === undefined ? Infinity : page.after.receivedAt + 1)
  const { exchangeIds, complete } = await parts.bodies.search({
    workspaceIds: workspaces.map(({ id }) => id),
    words: words.join(' '),
    since: filter.since ?? 0,
    until: Math.min(until, parts.clock.now() + 1),
    limit: isPlain(visible) ? Math.min(HITS_MAX, page.limit + HITS_BESIDE_PAGE) : HITS_MAX,
    timeoutMs: SEARCH_MS,
  })
  const { db } = parts.store
  if (exchangeIds.length === 0) {
    return { ...NOTHING, indexed: await keepsIndex(db, visible.organisationId, workspaces) }
  }
  const among = { kind: 'text', of: 'request', not: false, any: exchangeIds.map((id) => [id]) } as const
  const matching = { ...visible, conditions: [...(visible.conditions ?? []), among] }
  const found = await findExchanges(db, matching, page, patienceOf(parts))
  await openContents(caller, found.items, parts)
  if (complete || found.next !== undefined) return { ...found, indexed: true }
  // There is more than one search finds: the next one goes on below the oldest of these.
  const oldest = await findOldest(db, visible.organisationId, exchangeIds)
  return { ...found, indexed: true, next: oldest, searchedUntil: oldest?.receivedAt }
}

/** Whether everything that was said in its workspaces and its time is meant. */
function isPlain({ conditions = [], ...filter }: ExchangeFilter): boolean {
  return conditions.length === 0 && Object.keys(filter).every((name) => PLAIN.includes(name))
}

const PLAIN: readonly string[] = ['organisationId', 'workspaceId', 'since', 'until'] satisfies (keyof ExchangeFilter)[]

export interface FoundSaid extends FoundExchanges {
  /** Where nothing was found: whether there is an index that it could have stood in; null where nobody was asked about. */
  readonly indexed: boolean | null
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
  // An administrator's key calls no models: it has said nothing, and an empty answer would read as if nobody had.
  if (caller.kind === 'organisation-service') {
    if (!caller.scopes.has(CONTENT_SCOPE)) {
      throw forbidden(`What other people wrote can be searched with the scope ${CONTENT_SCOPE} only.`)
    }
    throw invalid('x-portcullis-reason: is required to search what other people wrote; they will see it with your name')
  }
  if (userId !== undefined)
    return filter.userId === undefined || filter.userId === userId ? { ...filter, userId } : undefined
  return filter.keyId === undefined || filter.keyId === keyId ? { ...filter, keyId: keyId! } : undefined
}

async function workspacesOf(
  { store }: AdminParts,
  { organisationId, workspaceId }: ExchangeFilter,
): Promise<readonly Workspace[]> {
  return (await listWorkspaces(store.db, organisationId, workspaceId === undefined ? {} : { id: workspaceId })).items
}
