import { IntegrationList, IntegrationQuery } from '../../contract/integrations.ts'
import * as integrations from '../../store/integrations.ts'
import { showPage, windowOf } from '../page.ts'
import { route } from '../route.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'
import { showIntegration } from './show-integration.ts'

export const listIntegrations = route({
  method: 'GET',
  path: '/integrations',
  summary: 'List integrations; with workspace_id those that the workspace may use',
  scope: ['organisation_integrations.list', 'workspace_integrations.list'],
  query: IntegrationQuery,
  reply: IntegrationList,
  async handle({ caller, query }, { store }) {
    const usableBy = await scopeOf(store.db, caller, query.workspace_id)
    const page = await integrations.listIntegrations(
      store.db,
      caller.organisationId,
      { ...(usableBy !== undefined && { usableBy }), ...(query.type !== 'all' && { owner: query.type }) },
      windowOf(query),
    )
    return showPage(page, showIntegration)
  },
})
