import { Models } from '../../contract/integrations.ts'
import { route } from '../route.ts'
import { seeIntegration } from './see-integration.ts'
import { showModels } from './show-models.ts'

export const listModels = route({
  method: 'GET',
  path: '/integrations/:slug/models',
  summary: 'List the models of an integration that were enabled, disabled or added by name',
  scope: ['organisation_integrations.read', 'workspace_integrations.read'],
  reply: Models,
  async handle({ caller, params }, { store }) {
    return showModels(store.db, await seeIntegration(store.db, caller, params.slug))
  },
})
