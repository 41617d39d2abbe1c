import { KeyDelete } from '../../contract/api-keys.ts'
import { Nothing } from '../../contract/fields.ts'
import { revokeKey } from '../../store/keys.ts'
import { audited } from '../change.ts'
import { invalid } from '../error.ts'
import { route } from '../route.ts'
import { anyKeyScope } from './key-permissions.ts'
import { seeKey } from './see-key.ts'
import { showKey } from './show-key.ts'

/** The row stays, because records point at it; the key works no more from the next request on. */
export const deleteKey = route({
  method: 'DELETE',
  path: '/api-keys/:id',
  summary: 'Revoke a key',
  scope: anyKeyScope('delete'),
  body: KeyDelete,
  reply: Nothing,
  async handle({ caller, params, body }, parts) {
    if (body.id !== undefined && body.id !== params.id) throw invalid('id: has to be the same as in the address')
    await audited(parts, { caller, action: 'delete', resource: 'key' }, async (tx, note) => {
      const key = await seeKey(tx, caller, params.id, 'delete')
      const before = await showKey(tx, key, parts)
      await revokeKey(tx, key.id, parts.clock.now())
      note({ id: key.id, workspaceId: key.workspaceId, before })
    })
    return {}
  },
})
