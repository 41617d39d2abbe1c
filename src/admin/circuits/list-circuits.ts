import type { z } from 'zod'
import { type Circuit, CircuitList, CircuitQuery } from '../../contract/circuits.ts'
import { type ListedProvider, listProviders } from '../../store/providers.ts'
import { showPage } from '../page.ts'
import type { CircuitStatus } from '../parts.ts'
import { route } from '../route.ts'
import { showMoment } from '../show-moment.ts'
import { scopeOf } from '../workspaces/see-workspace.ts'

/** Only circuits that calls have passed through: a provider that nobody has used has none. */
export const listCircuits = route({
  method: 'GET',
  path: '/circuits',
  summary: 'List the circuits of providers and models',
  scope: ['providers.list', 'virtual_keys.list'],
  query: CircuitQuery,
  reply: CircuitList,
  async handle({ caller, query }, { store, circuits }) {
    const workspaceId = await scopeOf(store.db, caller, query.workspace_id)
    const filter = workspaceId === undefined ? {} : { workspaceId }
    const { items } = await listProviders(store.db, caller.organisationId, filter, { offset: 0, limit: PROVIDERS_MAX })
    const seen = new Map<string, ListedProvider>(items.map((provider) => [provider.id, provider]))
    const shown = circuits().flatMap((circuit) => {
      const provider = seen.get(circuit.providerId)
      return provider === undefined ? [] : [showCircuit(circuit, provider)]
    })
    return showPage({ items: shown, total: shown.length }, (circuit) => circuit)
  },
})

/** There are no more circuits than this, so nobody can miss one. */
const PROVIDERS_MAX = 10_000

function showCircuit(circuit: CircuitStatus, provider: ListedProvider): z.output<typeof Circuit> {
  return {
    provider_id: provider.id,
    provider: `@${provider.slug}`,
    workspace_id: provider.workspaceId,
    workspace_slug: provider.workspaceSlug,
    model: circuit.model,
    state: circuit.state,
    failures: circuit.failures,
    requests: circuit.requests,
    opened_at: circuit.openedAt === undefined ? null : showMoment(circuit.openedAt),
    retry_at: circuit.retryAt === undefined ? null : showMoment(circuit.retryAt),
    object: 'circuit',
  }
}
