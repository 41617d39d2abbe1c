import { KeyList, KeyQuery, keyType } from '../../contract/api-keys.ts'
import * as keys from '../../store/keys.ts'
import { isAdministrator, seesOnlyOwn } from '../caller.ts'
import { showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'
import { anyKeyScope, mayHandle } from './key-permissions.ts'
import { isOwn } from './see-key.ts'
import { showKeys } from './show-key.ts'

/** Revoked keys stay in the list for administrators, so that somebody can still say whose key that was. */
export const listKeys = route({
  method: 'GET',
  path: '/api-keys',
  summary: 'List keys',
  scope: anyKeyScope('list'),
  query: KeyQuery,
  reply: KeyList,
  async handle({ caller, query }, parts) {
    const { store, clock } = parts
    const workspaceId = await scopeOf(store.db, caller, query.workspace_id)
    const { items, total } = await keys.listKeys(
      store.db,
      caller.organisationId,
      {
        kinds: keyType.options.filter((kind) => mayHandle(caller, kind, 'list')),
        hideRevoked: !isAdministrator(caller),
        ...(workspaceId !== undefined && { workspaceId }),
        ...(query.status !== 'all' && { status: query.status }),
        ...(seesOnlyOwn(caller) && caller.userId !== undefined && { userId: caller.userId }),
      },
      windowOf(query),
      clock.now(),
    )
    const visible = items.filter((key) => isOwn(caller, key))
    return showPage(
      {
        items: await showKeys(store.db, visible, parts),
        total: visible.length < items.length ? visible.length : total,
      },
      (key) => key,
    )
  },
})
