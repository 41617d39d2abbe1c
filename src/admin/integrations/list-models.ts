import { Models } from '../../contract/integrations.ts'
import { listIntegrationModels } from '../../store/integrations.ts'
import { route } from '../route.ts'
import { seeIntegration } from './see-integration.ts'

export const listModels = route({
  method: 'GET',
  path: '/integrations/:slug/models',
  summary: 'List the models of an integration that were enabled, disabled or added by name',
  scope: ['organisation_integrations.read', 'workspace_integrations.read'],
  reply: Models,
  async handle({ caller, params }, { store }) {
    const { id, allowAllModels } = await seeIntegration(store.db, caller, params.slug)
    const models = await listIntegrationModels(store.db, id)
    return {
      total: models.length,
      models: models.map((model) => ({
        slug: model.slug,
        enabled: model.enabled,
        is_custom: model.isCustom,
        is_finetune: false,
        base_model_slug: model.baseModelSlug,
      })),
      allow_all_models: allowAllModels,
    }
  },
})
