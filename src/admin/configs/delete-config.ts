import { ConfigQuery } from '../../contract/configs.ts'
import { Nothing } from '../../contract/fields.ts'
import * as configs from '../../store/configs.ts'
import { change } from '../change.ts'
import { conflict } from '../error.ts'
import { route } from '../route.ts'
import { seeConfig } from './see-config.ts'
import { needsOfConfig } from './who-needs.ts'

export const deleteConfig = route({
  method: 'DELETE',
  path: '/configs/:slug',
  summary: 'Delete a config with all its versions',
  scope: ['configs.delete'],
  query: ConfigQuery,
  reply: Nothing,
  async handle({ caller, params, query }, parts) {
    await change(parts, `config ${params.slug}`, async (tx) => {
      const config = await seeConfig(tx, caller, params.slug, query.workspace_id)
      const needs = await needsOfConfig(tx, config)
      if (needs.length > 0) throw conflict(`The config ${config.slug} is still needed by ${needs.join(', ')}.`)
      await configs.deleteConfig(tx, config.id)
    })
    return {}
  },
})
