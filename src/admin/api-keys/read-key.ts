import { Key } from '../../contract/api-keys.ts'
import { route } from '../route.ts'
import { anyKeyScope } from './key-permissions.ts'
import { seeKey } from './see-key.ts'
import { showKey } from './show-key.ts'

export const readKey = route({
  method: 'GET',
  path: '/api-keys/:id',
  summary: 'Read a key; the key itself was shown once, when it was made',
  scope: anyKeyScope('read'),
  reply: Key,
  async handle({ caller, params }, parts) {
    const { db } = parts.store
    return showKey(db, await seeKey(db, caller, params.id, 'read'), parts)
  },
})
