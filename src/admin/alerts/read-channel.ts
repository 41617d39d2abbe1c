import { Channel } from '../../contract/alerts.ts'
import { route } from '../route.ts'
import { seeChannel } from './see-channel.ts'
import { showChannel } from './show-channel.ts'

export const readChannel = route({
  method: 'GET',
  path: '/alerts/channels/:id',
  summary: 'Read a channel',
  scope: ['alerts.read', 'alerts.list'],
  reply: Channel,
  async handle({ caller, params }, { store }) {
    return showChannel(await seeChannel(store.db, caller, params.id))
  },
})
