import { Nothing } from '../../contract/fields.ts'
import { ModelsUpdate } from '../../contract/integrations.ts'
import { putIntegrationModels, updateIntegration } from '../../store/integrations.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { seeIntegration } from './see-integration.ts'
import { showModels } from './show-models.ts'

/** Models that are not in the list stay as they are. The list restricts once `allow_all_models` is false. */
export const updateModels = route({
  method: 'PUT',
  path: '/integrations/:slug/models',
  summary: 'Say which models an integration may serve',
  scope: ['organisation_integrations.update'],
  body: ModelsUpdate,
  reply: Nothing,
  async handle({ caller, params, body: { models = [], allow_all_models: allowAllModels } }, parts) {
    await audited(parts, { caller, action: 'update', resource: 'integration-models' }, async (tx, note) => {
      const integration = await seeIntegration(tx, caller, params.slug)
      const { id, workspaceId } = integration
      const before = await showModels(tx, integration)
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
      note({ id, workspaceId, before, after: await showModels(tx, await seeIntegration(tx, caller, id)) })
    })
    return {}
  },
})
