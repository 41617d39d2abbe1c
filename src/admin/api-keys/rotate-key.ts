import { KeyRotate, KeyRotated } from '../../contract/api-keys.ts'
import * as keys from '../../store/keys.ts'
import { audited } from '../change.ts'
import { forbidden, invalid } from '../error.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { lackingOf } from '../standing.ts'
import { anyKeyScope } from './key-permissions.ts'
import { nextRotation } from './read-rotation.ts'
import { seeKey } from './see-key.ts'
import { showKey } from './show-key.ts'

const TRANSITION_MS = 1_800_000

/** Two secrets live at most: rotated again before the transition is over, the oldest one ends at once. */
export const rotateKey = route({
  method: 'POST',
  path: '/api-keys/:id/rotate',
  summary: 'Give a key a new secret; the one before works until the transition is over',
  scope: anyKeyScope('rotate'),
  body: KeyRotate,
  reply: KeyRotated,
  async handle({ caller, params, body }, parts) {
    if (body.id !== undefined && body.id !== params.id) throw invalid('id: has to be the same as in the address')
    const now = parts.clock.now()
    return audited(parts, { caller, action: 'rotate', resource: 'key' }, async (tx, note) => {
      const key = await seeKey(tx, caller, params.id, 'rotate')
      // Whoever gets the secret can do all that the key can.
      const isTheirs = key.userId !== undefined && key.userId === caller.userId
      if (!isTheirs && lackingOf(caller, key.scopes).length > 0) {
        throw forbidden('This key may do more than you may. Ask somebody who may do all of it.')
      }
      const before = await showKey(tx, key, parts)
      const { secret, hash, masked } = parts.keys.make(key.kind)
      const transitionMs = body.key_transition_period_ms ?? key.rotation?.transitionMs ?? TRANSITION_MS
      const previousExpiresAt = now + transitionMs
      await keys.rotateKey(tx, key.id, { hash, masked, previousExpiresAt }, now)
      if (key.rotation !== undefined) {
        const rotation = { ...key.rotation, nextAt: nextRotation(key.rotation, now) }
        await keys.updateKey(tx, key.id, { rotation }, now)
      }
      const after = await showKey(tx, await seeKey(tx, caller, key.id, 'rotate'), parts)
      note({ id: key.id, workspaceId: key.workspaceId, before, after })
      return {
        id: key.id,
        key: secret,
        key_transition_expires_at: showMoment(previousExpiresAt),
        object: 'api-key' as const,
      }
    })
  },
})
