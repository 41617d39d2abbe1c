import { ConfigList, ConfigListQuery } from '../../contract/configs.ts'
import * as configs from '../../store/configs.ts'
import { showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'
import { showConfig } from './show-config.ts'

export const listConfigs = route({
  method: 'GET',
  path: '/configs',
  summary: 'List configs, without their documents',
  scope: ['configs.list', 'configs.read'],
  query: ConfigListQuery,
  reply: ConfigList,
  async handle({ caller, query }, { store }) {
    const workspaceId = await scopeOf(store.db, caller, query.workspace_id)
    const filter = workspaceId === undefined ? {} : { workspaceId }
    return showPage(await configs.listConfigs(store.db, caller.organisationId, filter, windowOf(query)), showConfig)
  },
})
