import { HAND_IN_BYTES_MAX, HandIn, HandInQuery, HandInTaken } from '../../contract/hand-in.ts'
import { LOGS_WRITE_SCOPE } from '../../contract/scopes.ts'
import { DEFAULT_RECORD_RULES, narrowRules } from '../../core/record-rules.ts'
import { findKey } from '../../store/keys.ts'
import { listProviders } from '../../store/providers.ts'
import { readLevels } from '../record-rules/read-record-rules.ts'
import { route } from '../route.ts'
import { homeOf } from '../workspaces/see-workspace.ts'

/** It adds records and changes nothing, so the audit trail does not hear of it; each record says whose key has handed it in. */
export const createLogs = route({
  method: 'POST',
  path: '/logs',
  summary: 'Hand in records of calls that were made without the gateway',
  scope: [LOGS_WRITE_SCOPE],
  query: HandInQuery,
  body: HandIn,
  reply: HandInTaken,
  bodyBytesMax: HAND_IN_BYTES_MAX,
  async handle({ caller, body, query }, { store, handIn }) {
    const { db } = store
    const { organisationId, keyId, userId } = caller
    const { id: workspaceId } = await homeOf(db, caller, query.workspace_id)
    const key = keyId === undefined ? undefined : await findKey(db, organisationId, keyId)
    const levels = await readLevels(db, caller, workspaceId, key)
    const rules = levels.reduce((above, [, settings]) => narrowRules(above, settings), DEFAULT_RECORD_RULES)
    const { items } = await listProviders(db, organisationId, { workspaceId })
    const providers = new Map(items.map((provider) => [provider.slug, provider]))
    const ids = body.map((item) => {
      const provider = providers.get(item.request.provider?.replace(/^@/, '') ?? '')
      return handIn(item, { organisationId, workspaceId, keyId, userId, rules, provider })
    })
    return { status: 'success' as const, message: `${ids.length} taken`, log_ids: ids }
  },
})
