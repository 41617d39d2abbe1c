import { IntegrationCreate, IntegrationCreated } from '../../contract/integrations.ts'
import { asId, newId } from '../../core/ids.ts'
import { allowIntegrationWorkspace, insertIntegration, listIntegrations } from '../../store/integrations.ts'
import { findAddress } from '../../store/upstream-address.ts'
import { listWorkspaces } from '../../store/workspaces.ts'
import { audited } from '../change.ts'
import { conflict } from '../error.ts'
import { freeSlug } from '../free-slug.ts'
import { addProvider } from '../providers/add-provider.ts'
import { route } from '../route.ts'
import { seeWorkspace } from '../workspaces/see-workspace.ts'
import { readAccount } from './read-account.ts'
import { describeIntegration } from './describe-integration.ts'
import { mergeSecrets, sealCredential } from './seal-credential.ts'
import { seeIntegration } from './see-integration.ts'

export const createIntegration = route({
  method: 'POST',
  path: '/integrations',
  summary: 'Add an account at a provider',
  scope: ['organisation_integrations.create'],
  body: IntegrationCreate,
  reply: IntegrationCreated,
  async handle({ caller, body }, parts) {
    const { ai_provider_id: kind, key, configurations = {}, name } = body
    const { trustedHosts, vault } = parts
    const { settings, secrets } = readAccount(kind, { key, configurations, masks: {}, trustedHosts })
    const { origin } = findAddress(kind, settings, trustedHosts)

    return audited(parts, { caller, action: 'create', resource: 'integration' }, async (tx, note) => {
      const owner = body.workspace_id === undefined ? undefined : await seeWorkspace(tx, caller, body.workspace_id)
      const { items: others } = await listIntegrations(tx, caller.organisationId, {}, { offset: 0, limit: 100_000 })
      const taken = others.map(({ slug }) => slug)
      if (body.slug !== undefined && taken.includes(body.slug)) {
        throw conflict(`There is an integration ${body.slug} already. Choose another slug.`)
      }
      const now = parts.clock.now()
      const id = newId<'integration'>(now)
      const slug = body.slug ?? freeSlug(name, taken)
      const { sealed, masked } = sealCredential(vault, id, origin, mergeSecrets({}, secrets))
      await insertIntegration(tx, {
        id,
        organisationId: asId(caller.organisationId),
        workspaceId: owner?.id,
        slug,
        name,
        description: body.description ?? null,
        kind,
        sealedCredential: sealed,
        maskedCredential: masked,
        configurations: settings,
        allowAllModels: true,
        globalWorkspaceAccess: owner === undefined,
        createdAt: now,
        updatedAt: now,
      })
      if (owner !== undefined) await allowIntegrationWorkspace(tx, id, owner.id)
      const made = await seeIntegration(tx, caller, id)
      note({ id, workspaceId: owner?.id, after: await describeIntegration(tx, caller, made) })
      if (body.create_default_provider) {
        const workspaces = owner === undefined ? (await listWorkspaces(tx, caller.organisationId)).items : [owner]
        for (const workspace of workspaces) {
          const wanted = { slug: body.default_provider_slug, name: body.default_provider_slug ?? slug }
          await addProvider(
            tx,
            caller,
            { workspaceId: workspace.id, integrationId: id, note: null, ...wanted },
            parts,
            note,
          )
        }
      }
      return { id, slug }
    })
  },
})
