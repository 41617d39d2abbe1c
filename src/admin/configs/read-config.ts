import { Config, ConfigQuery } from '../../contract/configs.ts'
import { route } from '../route.ts'
import { seeConfig } from './see-config.ts'
import { showConfig, showDocument } from './show-config.ts'

export const readConfig = route({
  method: 'GET',
  path: '/configs/:slug',
  summary: 'Read a config with the version of its document that is in force',
  scope: ['configs.read'],
  query: ConfigQuery,
  reply: Config,
  async handle({ caller, params, query }, { store }) {
    const config = await seeConfig(store.db, caller, params.slug, query.workspace_id)
    return { ...showConfig(config), config: showDocument(config.version.document) }
  },
})
