import { checkHost } from '../core/hosts.ts'
import type { ProviderKind } from '../providers/adapter.ts'
import type { Configurations } from './documents.ts'

/** Where an integration's calls go. */
export interface UpstreamAddress {
  /** Scheme, host and port; also what its credential is sealed for. */
  readonly origin: string
  /** The path before `/messages`, without a slash at its end. */
  readonly basePath: string
  /** The operator vouches for this host, so it may have a private address. */
  readonly trusted: boolean
}

/** Each kind's own host. The scripted provider lives in this process and has none. */
const OWN_ADDRESS: Readonly<Record<ProviderKind, UpstreamAddress>> = {
  anthropic: { origin: 'https://api.anthropic.com', basePath: '/v1', trusted: false },
  scripted: { origin: 'scripted:', basePath: '', trusted: false },
}

export function isProviderKind(kind: string): kind is ProviderKind {
  return Object.hasOwn(OWN_ADDRESS, kind)
}

/**
 * The address an administrator wrote in `custom_host`, with its version path, or else the kind's own. The host was checked
 * when it was saved; here only its trust is asked again, because the list of trusted hosts may have changed since.
 */
export function findAddress(
  kind: ProviderKind,
  configurations: Configurations,
  trustedHosts: readonly string[],
): UpstreamAddress {
  const written = configurations['custom_host']
  if (typeof written !== 'string' || !URL.canParse(written)) return OWN_ADDRESS[kind]
  const { origin, pathname } = new URL(written)
  const verdict = checkHost(written, trustedHosts)
  return { origin, basePath: pathname.replace(/\/+$/, ''), trusted: verdict.allowed && verdict.trusted }
}
