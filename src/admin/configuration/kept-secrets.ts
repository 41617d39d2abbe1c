import type { Resource, ResourceKind } from '../../contract/read-organisation.ts'
import { sameHash } from '../../credentials/api-key.ts'
import { findChannel } from '../../store/alert-channels.ts'
import { readCredential } from '../../store/documents.ts'
import { findIntegration } from '../../store/integrations.ts'
import { findAddress, isProviderKind } from '../../store/upstream-address.ts'
import { openAddress } from '../alerts/seal-address.ts'
import type { AdminCaller } from '../caller.ts'
import type { AdminParts } from '../parts.ts'

/** Says of a secret whether it is the one that is kept, and nothing else. */
export interface KeptSecrets {
  isKept(resource: Resource, member: string, value: string | null): boolean
}

/**
 * Looks at the credentials of integrations and at the addresses of channels. Two secrets are compared by their keyed hashes, and neither leaves this function; whoever may not
 * change a credential is told that it is the same, so that nobody finds one out by trying.
 */
export async function readKeptSecrets(
  resources: readonly Resource[],
  caller: AdminCaller,
  parts: AdminParts,
): Promise<KeptSecrets> {
  const kept = new Map<Resource, Secrets>()
  for (const resource of resources) {
    if (!caller.scopes.has(MAY_CHANGE[resource.kind] ?? '')) continue
    const opened = resource.kind === 'integration' ? openCredential : openChannel
    kept.set(resource, await opened(resource, caller.organisationId, parts))
  }
  return {
    isKept(resource, member, value) {
      const secrets = kept.get(resource)
      if (secrets === undefined) return true
      const there = secrets[member]
      if (value === null || there === undefined) return (value ?? undefined) === there
      return sameHash(parts.keys.hash(value), parts.keys.hash(there))
    },
  }
}

type Secrets = Readonly<Record<string, string | undefined>>

/** The kinds that have secrets, with the scope that lets somebody write them. */
const MAY_CHANGE: Readonly<Partial<Record<ResourceKind, string>>> = {
  integration: 'organisation_integrations.update',
  'alert-channel': 'alerts.update',
}

/** Nothing for a credential that does not open: it is written anew then. */
async function openCredential(
  { id }: Resource,
  organisationId: string,
  { store, vault, trustedHosts }: AdminParts,
): Promise<Secrets> {
  const found = await findIntegration(store.db, organisationId, id)
  if (found === undefined || found.sealedCredential === null || !isProviderKind(found.kind)) return {}
  const { origin } = findAddress(found.kind, found.configurations, trustedHosts)
  try {
    return { ...readCredential(vault.open(found.sealedCredential, found.id, origin)) }
  } catch {
    return {}
  }
}

async function openChannel({ id }: Resource, organisationId: string, parts: AdminParts): Promise<Secrets> {
  const found = await findChannel(parts.store.db, organisationId, undefined, id)
  try {
    const address = found === undefined ? undefined : openAddress(parts, found)
    return { url: address?.url, secret: address?.signing }
  } catch {
    return {}
  }
}
