import { Integration } from '../../contract/integrations.ts'
import { route } from '../route.ts'
import { describeIntegration } from './describe-integration.ts'
import { seeIntegration } from './see-integration.ts'

export const readIntegration = route({
  method: 'GET',
  path: '/integrations/:slug',
  summary: 'Read an integration',
  scope: ['organisation_integrations.read', 'workspace_integrations.read'],
  reply: Integration,
  async handle({ caller, params }, { store: { db } }) {
    return describeIntegration(db, caller, await seeIntegration(db, caller, params.slug))
  },
})
