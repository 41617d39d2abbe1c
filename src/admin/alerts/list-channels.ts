import { ChannelList, ChannelQuery } from '../../contract/alerts.ts'
import * as channels from '../../store/alert-channels.ts'
import { showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'
import { showChannel } from './show-channel.ts'

export const listChannels = route({
  method: 'GET',
  path: '/alerts/channels',
  summary: 'List where alerts go',
  scope: ['alerts.list'],
  query: ChannelQuery,
  reply: ChannelList,
  async handle({ caller, query }, { store }) {
    const workspaceId = await scopeOf(store.db, caller, query.workspace_id)
    const filter = workspaceId === undefined ? {} : { workspaceId }
    return showPage(await channels.listChannels(store.db, caller.organisationId, filter, windowOf(query)), showChannel)
  },
})
