import { ProviderCreate, ProviderReferenceAnswer } from '../../contract/providers.ts'
import { readExpiry } from '../api-keys/read-expiry.ts'
import { audited } from '../change.ts'
import { usableIntegration } from '../integrations/see-integration.ts'
import { route } from '../route.ts'
import { workspaceFor } from '../workspaces/see-workspace.ts'
import { addProvider } from './add-provider.ts'

export const createProvider = route({
  method: 'POST',
  path: '/providers',
  summary: 'Give a workspace an integration under a @slug',
  scope: ['providers.create', 'virtual_keys.create'],
  body: ProviderCreate,
  reply: ProviderReferenceAnswer,
  async handle(
    { caller, body: { name, slug, note = null, workspace_id, integration_id, expires_at: end, ...limits } },
    parts,
  ) {
    return audited(parts, { caller, action: 'create', resource: 'provider' }, async (tx, tell) => {
      const workspace = await workspaceFor(tx, caller, workspace_id)
      const integration = await usableIntegration(tx, workspace, integration_id)
      const expiresAt = readExpiry(end, parts.clock.now())
      const provider = { workspaceId: workspace.id, integrationId: integration.id, name, slug, note, expiresAt, limits }
      return addProvider(tx, caller, provider, parts, tell)
    })
  },
})
