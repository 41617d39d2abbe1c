import { ChannelCreate, ChannelCreated } from '../../contract/alerts.ts'
import { asId, newId } from '../../core/ids.ts'
import { countChannels, insertChannel } from '../../store/alert-channels.ts'
import { audited } from '../change.ts'
import { conflict } from '../error.ts'
import { route } from '../route.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'
import { requireMailServer } from './require-mail-server.ts'
import { newSigningSecret, sealAddress } from './seal-address.ts'
import { showChannel } from './show-channel.ts'

/** Of one workspace, and of the organisation. */
const CHANNELS_MAX = 50

export const createChannel = route({
  method: 'POST',
  path: '/alerts/channels',
  summary: 'Add a place where alerts go',
  scope: ['alerts.create'],
  body: ChannelCreate,
  reply: ChannelCreated,
  async handle({ caller, body: { name, kind, events, enabled, url, secret, to, ...body } }, parts) {
    if (kind === 'email') requireMailServer(parts)
    const now = parts.clock.now()
    const id = newId<'channel'>(now)
    const made = kind === 'webhook' && secret === undefined ? newSigningSecret() : undefined
    const address = url === undefined ? undefined : sealAddress(parts, id, { url, signing: secret ?? made })
    return audited(parts, { caller, action: 'create', resource: 'alert-channel' }, async (tx, note) => {
      const workspaceId = await scopeOf(tx, caller, body.workspace_id)
      if ((await countChannels(tx, caller.organisationId, workspaceId)) >= CHANNELS_MAX) {
        throw conflict(`There are ${CHANNELS_MAX} channels already. Remove one that nobody needs.`)
      }
      const channel = {
        id,
        organisationId: asId<'organisation'>(caller.organisationId),
        workspaceId: workspaceId === undefined ? undefined : asId<'workspace'>(workspaceId),
        kind,
        name,
        events,
        settings: address?.settings ?? { ...(to !== undefined && { to }) },
        sealedSecret: address?.sealedSecret,
        enabled,
        createdAt: now,
        updatedAt: now,
      }
      await insertChannel(tx, channel)
      note({ id, workspaceId, after: showChannel(channel) })
      return { id, secret: made ?? null, object: 'alert-channel' as const }
    })
  },
})
