import { Nothing } from '../../contract/fields.ts'
import * as channels from '../../store/alert-channels.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { seeChannel } from './see-channel.ts'
import { showChannel } from './show-channel.ts'

export const deleteChannel = route({
  method: 'DELETE',
  path: '/alerts/channels/:id',
  summary: 'Remove a channel, with everything that was on its way there',
  scope: ['alerts.delete'],
  reply: Nothing,
  async handle({ caller, params }, parts) {
    return audited(parts, { caller, action: 'delete', resource: 'alert-channel' }, async (tx, note) => {
      const channel = await seeChannel(tx, caller, params.id)
      const { id, workspaceId } = channel
      await channels.deleteChannel(tx, id)
      note({ id, workspaceId, before: showChannel(channel) })
      return {}
    })
  },
})
