import { KeyUpdate } from '../../contract/api-keys.ts'
import { Nothing } from '../../contract/fields.ts'
import * as keys from '../../store/keys.ts'
import { audited } from '../change.ts'
import { invalid } from '../error.ts'
import { readSettings } from '../record-rules/record-settings.ts'
import { route } from '../route.ts'
import { anyKeyScope, grantScopes } from './key-permissions.ts'
import { readDefaults } from './read-defaults.ts'
import { readExpiry } from './read-expiry.ts'
import { readRotation } from './read-rotation.ts'
import { requireHolder } from './require-holder.ts'
import { seeKey } from './see-key.ts'
import { setKeyLimits } from './set-key-limits.ts'
import { showKey } from './show-key.ts'

export const updateKey = route({
  method: 'PUT',
  path: '/api-keys/:id',
  summary: 'Change the name, scopes, defaults, limits, rotation or end of a key',
  scope: anyKeyScope('update'),
  body: KeyUpdate,
  reply: Nothing,
  async handle({ caller, params, body: { id, name, description, scopes, defaults, expires_at: end, ...more } }, parts) {
    if (id !== undefined && id !== params.id) throw invalid('id: has to be the same as in the address')
    const { rotation_policy: rotation, alert_emails: emails, records, ...limits } = more
    const now = parts.clock.now()
    await audited(parts, { caller, action: 'update', resource: 'key' }, async (tx, note) => {
      const key = await seeKey(tx, caller, params.id, 'update')
      const before = await showKey(tx, key, parts)
      if (scopes !== undefined) await requireHolder(tx, caller, key.workspaceId, key.userId, scopes)
      const workspace =
        key.workspaceId === undefined ? undefined : { id: key.workspaceId, organisationId: key.organisationId }
      await keys.updateKey(
        tx,
        key.id,
        {
          ...(name !== undefined && { name }),
          ...(description !== undefined && { description }),
          ...(scopes !== undefined && { scopes: grantScopes(caller, key.kind, scopes) }),
          ...(defaults !== undefined && { defaults: await readDefaults(tx, workspace, defaults) }),
          ...(end !== undefined && { expiresAt: readExpiry(end, now) ?? null }),
          ...(rotation !== undefined && { rotation: rotation === null ? null : readRotation(rotation, now) }),
          ...(emails !== undefined && { alertEmails: emails ?? [] }),
          ...(records !== undefined && { records: readSettings(records) }),
        },
        now,
      )
      await setKeyLimits(tx, caller, key, limits, now)
      const after = await showKey(tx, await seeKey(tx, caller, key.id, 'update'), parts)
      note({ id: key.id, workspaceId: key.workspaceId, before, after })
    })
    return {}
  },
})
