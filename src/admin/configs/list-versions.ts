import { ConfigQuery, ConfigVersions } from '../../contract/configs.ts'
import { listConfigVersions } from '../../store/configs.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { seeConfig } from './see-config.ts'
import { showDocument } from './show-config.ts'

export const listVersions = route({
  method: 'GET',
  path: '/configs/:slug/versions',
  summary: 'List the versions of a config, newest first',
  scope: ['configs.read'],
  query: ConfigQuery,
  reply: ConfigVersions,
  async handle({ caller, params, query }, { store }) {
    const { id } = await seeConfig(store.db, caller, params.slug, query.workspace_id)
    const versions = await listConfigVersions(store.db, id)
    return {
      object: 'list' as const,
      total: versions.length,
      data: versions.map((version) => ({
        id: version.id,
        version: version.number,
        config: showDocument(version.document),
        created_by: version.createdBy,
        created_at: showMoment(version.createdAt),
        object: 'config-version' as const,
      })),
    }
  },
})
