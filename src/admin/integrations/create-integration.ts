import { IntegrationCreate, IntegrationCreated } from '../../contract/integrations.ts'
import { asId, newId } from '../../core/ids.ts'
import { allowIntegrationWorkspace, insertIntegration, listIntegrations } from '../../store/integrations.ts'
import { writeCredential } from '../../store/documents.ts'
import { findAddress } from '../../store/upstream-address.ts'
import { listWorkspaces } from '../../store/workspaces.ts'
import { change } from '../change.ts'
import { conflict, invalid } from '../error.ts'
import { freeSlug } from '../free-slug.ts'
import { addProvider } from '../providers/add-provider.ts'
import { route } from '../route.ts'
import { seeWorkspace } from '../workspaces/see-workspace.ts'
import { checkCustomHost } from './check-custom-host.ts'

export const createIntegration = route({
  method: 'POST',
  path: '/integrations',
  summary: 'Add an account at a provider',
  scope: ['organisation_integrations.create'],
  body: IntegrationCreate,
  reply: IntegrationCreated,
  async handle({ caller, body }, parts) {
    const { ai_provider_id: kind, key, configurations = {}, name } = body
    checkCustomHost(configurations.custom_host, parts.trustedHosts)
    const { origin } = findAddress(kind, configurations, parts.trustedHosts)
    if (key === undefined && kind !== 'scripted') throw invalid(`key: is required for ${kind}`)

    return change(parts, `integration ${body.slug ?? name}`, async (tx) => {
      const owner = body.workspace_id === undefined ? undefined : await seeWorkspace(tx, caller, body.workspace_id)
      const { items: others } = await listIntegrations(tx, caller.organisationId, {}, { offset: 0, limit: 100_000 })
      const taken = others.map(({ slug }) => slug)
      if (body.slug !== undefined && taken.includes(body.slug)) {
        throw conflict(`There is an integration ${body.slug} already. Choose another slug.`)
      }
      const now = parts.clock.now()
      const id = newId<'integration'>(now)
      const slug = body.slug ?? freeSlug(name, taken)
      await insertIntegration(tx, {
        id,
        organisationId: asId(caller.organisationId),
        workspaceId: owner?.id,
        slug,
        name,
        description: body.description ?? null,
        kind,
        sealedCredential: key === undefined ? null : parts.vault.seal(writeCredential({ key }), id, origin),
        maskedCredential: key === undefined ? null : parts.vault.mask(key),
        configurations,
        allowAllModels: true,
        globalWorkspaceAccess: owner === undefined,
        createdAt: now,
        updatedAt: now,
      })
      if (owner !== undefined) await allowIntegrationWorkspace(tx, id, owner.id)
      if (body.create_default_provider) {
        const workspaces = owner === undefined ? (await listWorkspaces(tx, caller.organisationId)).items : [owner]
        for (const workspace of workspaces) {
          const wanted = { slug: body.default_provider_slug, name: body.default_provider_slug ?? slug }
          await addProvider(tx, { workspaceId: workspace.id, integrationId: id, note: null, ...wanted }, now)
        }
      }
      return { id, slug }
    })
  },
})
