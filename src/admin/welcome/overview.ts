import { listExchanges } from '../../store/exchanges.ts'
import { listProviders } from '../../store/providers.ts'
import { readPasswordHash } from '../../store/users.ts'
import { recordsOf } from '../logs/filter-exchanges.ts'
import type { AdminParts } from '../parts.ts'
import type { SignedIn } from '../console-sessions/find-session.ts'
import { viewWorkspace } from '../console-sessions/view-workspace.ts'
import { KEY_PLACEHOLDER, overviewPage } from './pages.ts'

const EXCHANGES_SHOWN = 20

/** The page of somebody who has signed in. `told` is what became of the password that they have just typed. */
export async function overview(session: SignedIn, parts: AdminParts, told?: Told): Promise<string> {
  const { store } = parts
  const identity = await viewWorkspace(store.db, session, undefined)
  const { organisationId, workspaceId } = identity
  await parts.flushRecords()
  const { items: providers } = await listProviders(
    store.db,
    organisationId,
    workspaceId === undefined ? {} : { workspaceId },
  )
  const scope = await recordsOf(store.db, identity, undefined)
  // Claude Code counts tokens in bursts of dozens, which cost nothing and would hide all that does.
  const { items: exchanges } = await listExchanges(
    store.db,
    { ...scope, endpoint: 'messages' },
    { limit: EXCHANGES_SHOWN },
  )
  const url = parts.publicUrl()
  const hasPassword = (await readPasswordHash(store.db, session.user.id)) !== undefined
  return overviewPage({
    url,
    version: parts.version,
    settings: parts.settingsText(url, KEY_PLACEHOLDER),
    providers,
    exchanges,
    account: {
      email: session.user.email,
      hasPassword,
      needsCurrent: hasPassword && session.method !== 'link',
      told,
    },
  })
}

export interface Told {
  readonly isGood: boolean
  readonly lines: readonly string[]
}
