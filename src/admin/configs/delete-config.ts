import { ConfigQuery } from '../../contract/configs.ts'
import { Nothing } from '../../contract/fields.ts'
import * as configs from '../../store/configs.ts'
import { audited } from '../change.ts'
import { conflict } from '../error.ts'
import { route } from '../route.ts'
import { seeConfig } from './see-config.ts'
import { showWholeConfig } from './show-config.ts'
import { needsOfConfig } from './who-needs.ts'

export const deleteConfig = route({
  method: 'DELETE',
  path: '/configs/:slug',
  summary: 'Delete a config with all its versions',
  scope: ['configs.delete'],
  query: ConfigQuery,
  reply: Nothing,
  async handle({ caller, params, query }, parts) {
    await audited(parts, { caller, action: 'delete', resource: 'config' }, async (tx, note) => {
      const config = await seeConfig(tx, caller, params.slug, query.workspace_id)
      const needs = await needsOfConfig(tx, config)
      if (needs.length > 0) throw conflict(`The config ${config.slug} is still needed by ${needs.join(', ')}.`)
      await configs.deleteConfig(tx, config.id)
      note({ id: config.id, workspaceId: config.workspaceId, before: showWholeConfig(config) })
    })
    return {}
  },
})
