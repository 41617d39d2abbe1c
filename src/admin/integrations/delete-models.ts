import { Nothing } from '../../contract/fields.ts'
import { ModelsDelete, ModelsDeleteQuery } from '../../contract/integrations.ts'
import { deleteIntegrationModels } from '../../store/integrations.ts'
import { audited } from '../change.ts'
import { invalid } from '../error.ts'
import { route } from '../route.ts'
import { seeIntegration } from './see-integration.ts'
import { showModels } from './show-models.ts'

export const deleteModels = route({
  method: 'DELETE',
  path: '/integrations/:slug/models',
  summary: 'Take models off the list of an integration',
  scope: ['organisation_integrations.update'],
  query: ModelsDeleteQuery,
  body: ModelsDelete,
  reply: Nothing,
  async handle({ caller, params, query, body }, parts) {
    const slugs = [...(query.slugs?.split(',') ?? []), ...(body.models ?? [])].filter((slug) => slug !== '')
    if (slugs.length === 0) throw invalid('slugs: is required, as ?slugs=a,b or as a body {"models": ["a", "b"]}')
    await audited(parts, { caller, action: 'update', resource: 'integration-models' }, async (tx, note) => {
      const integration = await seeIntegration(tx, caller, params.slug)
      const { id, workspaceId } = integration
      const before = await showModels(tx, integration)
      await deleteIntegrationModels(tx, id, slugs)
      note({ id, workspaceId, before, after: await showModels(tx, integration) })
    })
    return {}
  },
})
