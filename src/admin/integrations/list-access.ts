import { IntegrationWorkspaces } from '../../contract/integrations.ts'
import { route } from '../route.ts'
import { seeIntegration } from './see-integration.ts'
import { showAccess } from './show-access.ts'

export const listAccess = route({
  method: 'GET',
  path: '/integrations/:slug/workspaces',
  summary: 'List which workspaces may use an integration',
  scope: ['organisation_integrations.read'],
  reply: IntegrationWorkspaces,
  async handle({ caller, params }, parts) {
    const { db } = parts.store
    return showAccess(db, await seeIntegration(db, caller, params.slug), parts)
  },
})
