import { IntegrationCreated, IntegrationUpdate } from '../../contract/integrations.ts'
import * as integrations from '../../store/integrations.ts'
import { writeCredential } from '../../store/documents.ts'
import { findAddress, isProviderKind } from '../../store/upstream-address.ts'
import { change } from '../change.ts'
import { invalid } from '../error.ts'
import { route } from '../route.ts'
import { checkCustomHost } from './check-custom-host.ts'
import { seeIntegration } from './see-integration.ts'

export const updateIntegration = route({
  method: 'PUT',
  path: '/integrations/:slug',
  summary: 'Change an integration or its credential',
  scope: ['organisation_integrations.update'],
  body: IntegrationUpdate,
  reply: IntegrationCreated,
  async handle({ caller, params, body: { name, description, key, configurations } }, parts) {
    checkCustomHost(configurations?.custom_host, parts.trustedHosts)
    return change(parts, `integration ${params.slug}`, async (tx) => {
      const integration = await seeIntegration(tx, caller, params.slug)
      const { kind } = integration
      if (!isProviderKind(kind)) throw invalid(`This version does not have providers of the kind ${kind}.`)
      const { origin: before } = findAddress(kind, integration.configurations, parts.trustedHosts)
      const { origin: after } = findAddress(kind, configurations ?? integration.configurations, parts.trustedHosts)
      // Whoever may edit an integration does not know its credential, and must not learn it by sending it elsewhere.
      if (after !== before && key === undefined && integration.sealedCredential !== null) {
        throw invalid(
          'key: is required, because the credential is bound to its host and the host changes; send it again',
        )
      }
      await integrations.updateIntegration(
        tx,
        integration.id,
        {
          ...(name !== undefined && { name }),
          ...(description !== undefined && { description }),
          ...(configurations !== undefined && { configurations }),
          ...(key !== undefined && {
            credential: {
              sealed: parts.vault.seal(writeCredential({ key }), integration.id, after),
              masked: parts.vault.mask(key),
            },
          }),
        },
        parts.clock.now(),
      )
      return { id: integration.id, slug: integration.slug }
    })
  },
})
