import type { z } from 'zod'
import type { Models } from '../../contract/integrations.ts'
import type { Database } from '../../store/database.ts'
import { listIntegrationModels, type Integration } from '../../store/integrations.ts'

/** The models of an integration that were enabled, disabled or added by name. */
export async function showModels(db: Database, { id, allowAllModels }: Integration): Promise<z.output<typeof Models>> {
  const models = await listIntegrationModels(db, id)
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
}
