import { IntegrationCreate, IntegrationCreated } from '../../contract/integrations.ts'
import { listWorkspaces } from '../../store/workspaces.ts'
import { audited } from '../change.ts'
import { addProvider } from '../providers/add-provider.ts'
import { route } from '../route.ts'
import { seeWorkspace } from '../workspaces/see-workspace.ts'
import { addIntegration } from './add-integration.ts'
import { readAccount } from './read-account.ts'

export const createIntegration = route({
  method: 'POST',
  path: '/integrations',
  summary: 'Add an account at a provider',
  scope: ['organisation_integrations.create'],
  body: IntegrationCreate,
  reply: IntegrationCreated,
  async handle({ caller, body }, parts) {
    const { ai_provider_id: kind, key, configurations = {}, name } = body
    const { trustedHosts } = parts
    const account = readAccount(kind, { key, configurations, masks: {}, trustedHosts })

    return audited(parts, { caller, action: 'create', resource: 'integration' }, async (tx, note) => {
      const owner = body.workspace_id === undefined ? undefined : await seeWorkspace(tx, caller, body.workspace_id)
      const wanted = { name, slug: body.slug, description: body.description ?? null, kind, account, owner }
      const { id, slug } = await addIntegration(tx, caller, wanted, parts, note)
      if (body.create_default_provider) {
        const workspaces = owner === undefined ? (await listWorkspaces(tx, caller.organisationId)).items : [owner]
        for (const workspace of workspaces) {
          const named = { slug: body.default_provider_slug, name: body.default_provider_slug ?? slug }
          await addProvider(
            tx,
            caller,
            { workspaceId: workspace.id, integrationId: id, note: null, ...named },
            parts,
            note,
          )
        }
      }
      return { id, slug }
    })
  },
})
