import { KeyCreate, KeyCreated, keyType } from '../../contract/api-keys.ts'
import { asId, newId } from '../../core/ids.ts'
import { insertKey, type ApiKey } from '../../store/keys.ts'
import { findUser } from '../../store/users.ts'
import { seesOnlyOwn } from '../caller.ts'
import { audited } from '../change.ts'
import { forbidden, invalid, missing } from '../error.ts'
import { readSettings } from '../record-rules/record-settings.ts'
import { route } from '../route.ts'
import { workspaceFor } from '../workspaces/see-workspace.ts'
import { readDefaults } from './read-defaults.ts'
import { readExpiry } from './read-expiry.ts'
import { readRotation } from './read-rotation.ts'
import { requireHolder } from './require-holder.ts'
import { anyKeyScope, grantScopes, mayHandle } from './key-permissions.ts'
import { setKeyLimits } from './set-key-limits.ts'
import { showKey } from './show-key.ts'

export const createKey = route({
  method: 'POST',
  path: '/api-keys/:type/:subtype',
  summary: 'Make a key: organisation/service, workspace/service or workspace/user',
  scope: anyKeyScope('create'),
  body: KeyCreate,
  reply: KeyCreated,
  async handle({ caller, params, body }, parts) {
    const kind = keyType.safeParse(`${params.type}-${params.subtype}`).data
    if (kind === undefined) throw missing(`The kind of key ${params.type}/${params.subtype}`)
    if ((body.type ?? params.type) !== params.type || (body['sub-type'] ?? params.subtype) !== params.subtype) {
      throw invalid('type and sub-type: have to be the same as in the address')
    }
    if (!mayHandle(caller, kind, 'create')) throw forbidden(`You may not make keys of type ${kind}.`)
    const now = parts.clock.now()
    const scopes = grantScopes(caller, kind, body.scopes)
    const expiresAt = readExpiry(body.expires_at, now)
    const rotation = body.rotation_policy ?? undefined
    const { secret, hash, masked } = parts.keys.make(kind)
    const id = newId<'key'>(now)

    await audited(parts, { caller, action: 'create', resource: 'key' }, async (tx, note) => {
      const ofOrganisation = kind === 'organisation-service'
      if (ofOrganisation && body.workspace_id !== undefined)
        throw invalid("workspace_id: an organisation's key has none")
      if (kind !== 'workspace-user' && body.user_id !== undefined)
        throw invalid('user_id: only a key of type workspace/user has one')
      if (ofOrganisation && (body.records ?? null) !== null)
        throw invalid("records: an organisation's key calls no models")
      const workspace = ofOrganisation ? undefined : await workspaceFor(tx, caller, body.workspace_id)
      const wantedUser = kind === 'workspace-user' ? (body.user_id ?? caller.userId) : undefined
      const user = wantedUser === undefined ? undefined : await findUser(tx, caller.organisationId, wantedUser)
      if (wantedUser !== undefined && user === undefined) throw missing(`The user ${wantedUser}`)
      if (seesOnlyOwn(caller) && user?.id !== caller.userId) {
        throw forbidden('A member makes keys for themselves only. Ask a manager of the workspace.')
      }
      await requireHolder(tx, caller, workspace?.id, user?.id, scopes)
      const key: ApiKey = {
        id,
        organisationId: asId(caller.organisationId),
        workspaceId: workspace?.id,
        userId: user?.id,
        kind,
        name: body.name,
        description: body.description ?? null,
        hash,
        masked,
        scopes,
        defaults: await readDefaults(tx, workspace, body.defaults),
        records: readSettings(body.records ?? null),
        expiresAt,
        revokedAt: undefined,
        previousExpiresAt: undefined,
        rotation: rotation && readRotation(rotation, now),
        rotatedAt: undefined,
        alertEmails: body.alert_emails ?? [],
        createdAt: now,
        updatedAt: now,
      }
      await insertKey(tx, key)
      await setKeyLimits(tx, caller, key, body, now)
      note({ id, workspaceId: workspace?.id, after: await showKey(tx, key, parts) })
    })
    return { id, key: secret, object: 'api-key' as const }
  },
})
