import { ChannelReference, ChannelUpdate } from '../../contract/alerts.ts'
import * as channels from '../../store/alert-channels.ts'
import { giveUpDeliveries } from '../../store/alert-deliveries.ts'
import { audited } from '../change.ts'
import { invalid } from '../error.ts'
import type { AdminParts } from '../parts.ts'
import { route } from '../route.ts'
import { openAddress, sealAddress } from './seal-address.ts'
import { seeChannel } from './see-channel.ts'
import { showChannel } from './show-channel.ts'

/** What waits for a channel goes to its new address; a channel that is switched off gets nothing of what waited for it. */
export const updateChannel = route({
  method: 'PUT',
  path: '/alerts/channels/:id',
  summary: 'Change where alerts go, or which',
  scope: ['alerts.update'],
  body: ChannelUpdate,
  reply: ChannelReference,
  async handle({ caller, params, body }, parts) {
    return audited(parts, { caller, action: 'update', resource: 'alert-channel' }, async (tx, note) => {
      const channel = await seeChannel(tx, caller, params.id)
      const { id, workspaceId } = channel
      const patch = {
        ...(body.name !== undefined && { name: body.name }),
        ...(body.events !== undefined && { events: body.events }),
        ...(body.enabled !== undefined && { enabled: body.enabled }),
        ...readAddress(channel, body, parts),
      }
      await channels.updateChannel(tx, id, patch, parts.clock.now())
      if (body.enabled === false) await giveUpDeliveries(tx, id, 'the channel was switched off')
      const after = await seeChannel(tx, caller, id)
      note({ id, workspaceId, before: showChannel(channel), after: showChannel(after) })
      return { id, object: 'alert-channel' as const }
    })
  },
})

interface Address {
  readonly url?: string | undefined
  readonly secret?: string | undefined
  readonly to?: string[] | undefined
}

/** A channel stays of its kind; what the kind does not have is refused. */
function readAddress(
  channel: channels.AlertChannel,
  { url, secret, to }: Address,
  parts: Pick<AdminParts, 'vault' | 'trustedHosts'>,
): channels.ChannelPatch {
  const { kind, id } = channel
  const foreign = { url: kind === 'email' && url, secret: kind !== 'webhook' && secret, to: kind !== 'email' && to }
  for (const [member, value] of Object.entries(foreign)) {
    if (value !== false && value !== undefined) throw invalid(`${member}: is not for a channel of kind ${kind}`)
  }
  if (to !== undefined) return { settings: { to } }
  if (url === undefined && secret === undefined) return {}
  const kept = openAddress(parts, channel)
  const address = url ?? kept?.url
  if (address === undefined) throw invalid('url: is required, because the one before cannot be opened')
  return sealAddress(parts, id, { url: address, signing: secret ?? kept?.signing })
}
