import { VirtualKeyCreate, VirtualKeyReference } from '../../contract/virtual-keys.ts'
import { readExpiry } from '../api-keys/read-expiry.ts'
import { isAdministrator, type AdminCaller } from '../caller.ts'
import { audited } from '../change.ts'
import { forbidden, invalid } from '../error.ts'
import { addIntegration } from '../integrations/add-integration.ts'
import { readAccount } from '../integrations/read-account.ts'
import { addProvider } from '../providers/add-provider.ts'
import { route } from '../route.ts'
import { workspaceFor } from '../workspaces/see-workspace.ts'

/** A credential that one workspace brings along: nobody else can use it. */
export const createVirtualKey = route({
  method: 'POST',
  path: '/virtual-keys',
  summary: 'Give a workspace a provider with a credential of its own',
  scope: ['virtual_keys.create'],
  body: VirtualKeyCreate,
  reply: VirtualKeyReference,
  async handle({ caller, body }, parts) {
    const {
      provider: kind,
      key,
      configurations,
      name,
      slug,
      note = null,
      workspace_id,
      expires_at: end,
      ...limits
    } = body
    requireOwnSecret(caller, key, configurations)
    const { trustedHosts } = parts
    const account = readAccount(kind, { key, configurations: configurations ?? {}, masks: {}, trustedHosts })
    return audited(parts, { caller, action: 'create', resource: 'provider' }, async (tx, tell) => {
      const workspace = await workspaceFor(tx, caller, workspace_id)
      const wanted = { name, slug: undefined, description: null, kind, account, owner: workspace }
      const integration = await addIntegration(tx, caller, wanted, parts, tell)
      const expiresAt = readExpiry(end, parts.clock.now())
      const provider = { workspaceId: workspace.id, integrationId: integration.id, name, slug, note, expiresAt, limits }
      const added = await addProvider(tx, caller, provider, parts, tell)
      return { ...added, object: 'virtual-key' as const }
    })
  },
})

/**
 * Only administrators say where an account lives and how the gateway proves itself there: both could lead to the gateway's own
 * network or its own identity at a cloud.
 */
function requireOwnSecret(caller: AdminCaller, key: string | undefined, configurations: unknown): void {
  if (isAdministrator(caller)) return
  if (configurations !== undefined) {
    throw forbidden('configurations: only administrators of the organisation describe accounts. Send the key alone.')
  }
  if (key === undefined) throw invalid('key: is required')
}
