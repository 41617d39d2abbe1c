import type { Resource } from '../../contract/read-organisation.ts'
import { sameHash } from '../../credentials/api-key.ts'
import type { Credential } from '../../providers/adapter.ts'
import { readCredential } from '../../store/documents.ts'
import { findIntegration } from '../../store/integrations.ts'
import { findAddress, isProviderKind } from '../../store/upstream-address.ts'
import type { AdminCaller } from '../caller.ts'
import type { AdminParts } from '../parts.ts'

/** Says of a secret whether it is the one that is kept, and nothing else. */
export interface KeptSecrets {
  isKept(integration: string, member: string, value: string | null): boolean
}

/**
 * Looks at the credentials of integrations. Two secrets are compared by their keyed hashes, and neither leaves this function; whoever may not
 * change a credential is told that it is the same, so that nobody finds one out by trying.
 */
export async function readKeptSecrets(
  integrations: readonly Resource[],
  caller: AdminCaller,
  parts: AdminParts,
): Promise<KeptSecrets> {
  const mayChange = caller.scopes.has('organisation_integrations.update')
  const kept = new Map<string, Credential>()
  if (mayChange) {
    for (const { handle } of integrations) kept.set(handle, await open(handle, caller.organisationId, parts))
  }
  return {
    isKept(integration, member, value) {
      if (!mayChange) return true
      const there = (kept.get(integration) as Readonly<Record<string, string>> | undefined)?.[member]
      if (value === null || there === undefined) return (value ?? undefined) === there
      return sameHash(parts.keys.hash(value), parts.keys.hash(there))
    },
  }
}

/** Nothing for a credential that does not open: it is written anew then. */
async function open(
  slug: string,
  organisationId: string,
  { store, vault, trustedHosts }: AdminParts,
): Promise<Credential> {
  const found = await findIntegration(store.db, organisationId, slug)
  if (found === undefined || found.sealedCredential === null || !isProviderKind(found.kind)) return {}
  const { origin } = findAddress(found.kind, found.configurations, trustedHosts)
  try {
    return readCredential(vault.open(found.sealedCredential, found.id, origin))
  } catch {
    return {}
  }
}
