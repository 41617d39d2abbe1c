import { IntegrationCreated, IntegrationUpdate } from '../../contract/integrations.ts'
import { audited } from '../change.ts'
import { route } from '../route.ts'
import { changeIntegration } from './change-integration.ts'
import { seeIntegration } from './see-integration.ts'

export const updateIntegration = route({
  method: 'PUT',
  path: '/integrations/:slug',
  summary: 'Change an integration or its credential',
  scope: ['organisation_integrations.update'],
  body: IntegrationUpdate,
  reply: IntegrationCreated,
  async handle({ caller, params, body }, parts) {
    return audited(parts, { caller, action: 'update', resource: 'integration' }, async (tx, note) => {
      const integration = await seeIntegration(tx, caller, params.slug)
      await changeIntegration(tx, caller, integration, body, parts, note)
      const { id, slug } = integration
      return { id, slug }
    })
  },
})
