import { checkHost } from '../core/hosts.ts'
import { type ProviderKind, type ProviderSettings, PROVIDER_KINDS } from '../providers/adapter.ts'
import { type UpstreamAddress, addressOf } from '../providers/addresses.ts'

export function isProviderKind(kind: string): kind is ProviderKind {
  return (PROVIDER_KINDS as readonly string[]).includes(kind)
}

/**
 * Where an integration's calls go, and whether the operator vouches for that host, so that it may have a private address. The host was checked
 * when it was saved; only its trust is asked again, because the list of trusted hosts may have changed since.
 */
export function findAddress(
  kind: ProviderKind,
  settings: ProviderSettings,
  trustedHosts: readonly string[],
): UpstreamAddress & { readonly trusted: boolean } {
  const address = addressOf(kind, settings)
  if (settings.custom_host === undefined) return { ...address, trusted: false }
  const verdict = checkHost(settings.custom_host, trustedHosts)
  return { ...address, trusted: verdict.allowed && verdict.trusted }
}
