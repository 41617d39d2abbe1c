import { Nothing } from '../../contract/fields.ts'
import { ModelsUpdate } from '../../contract/integrations.ts'
import { putIntegrationModels, updateIntegration } from '../../store/integrations.ts'
import { change } from '../change.ts'
import { route } from '../route.ts'
import { seeIntegration } from './see-integration.ts'

/** Models that are not in the list stay as they are. The list restricts once `allow_all_models` is false. */
export const updateModels = route({
  method: 'PUT',
  path: '/integrations/:slug/models',
  summary: 'Say which models an integration may serve',
  scope: ['organisation_integrations.update'],
  body: ModelsUpdate,
  reply: Nothing,
  async handle({ caller, params, body: { models = [], allow_all_models: allowAllModels } }, parts) {
    await change(parts, `models of integration ${params.slug}`, async (tx) => {
      const { id } = await seeIntegration(tx, caller, params.slug)
      await putIntegrationModels(
        tx,
        id,
        models.map((model) => ({
          slug: model.slug,
          enabled: model.enabled,
          isCustom: model.is_custom,
          baseModelSlug: model.base_model_slug ?? null,
        })),
      )
      await updateIntegration(tx, id, { ...(allowAllModels !== undefined && { allowAllModels }) }, parts.clock.now())
    })
    return {}
  },
})
