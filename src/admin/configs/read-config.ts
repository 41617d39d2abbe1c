import { Config, ConfigQuery } from '../../contract/configs.ts'
import { route } from '../route.ts'
import { seeConfig } from './see-config.ts'
import { showWholeConfig } from './show-config.ts'

export const readConfig = route({
  method: 'GET',
  path: '/configs/:slug',
  summary: 'Read a config with the version of its document that is in force',
  scope: ['configs.read'],
  query: ConfigQuery,
  reply: Config,
  async handle({ caller, params, query }, { store }) {
    return showWholeConfig(await seeConfig(store.db, caller, params.slug, query.workspace_id))
  },
})
