import { randomBytes } from 'node:crypto'
import { checkHost } from '../../core/hosts.ts'
import type { AlertChannel, ChannelSecret, ChannelSettings } from '../../store/alert-channels.ts'
import { invalid } from '../error.ts'
import type { AdminParts } from '../parts.ts'

/** What is kept of an address and a secret. */
export interface SealedAddress {
  readonly settings: ChannelSettings
  readonly sealedSecret: string
}

/**
 * Seals where alerts go, and what they are signed with, for one channel and one host. Throws AB01 for a host that the gateway does not
 * ask: private ones that no operator vouches for.
 */
export function sealAddress(
  { vault, trustedHosts }: Pick<AdminParts, 'vault' | 'trustedHosts'>,
  channelId: AlertChannel['id'],
  { url, signing }: ChannelSecret,
): SealedAddress {
  // Proofs of who may post often stand in the query.
  const verdict = checkHost(url.replace(/[?#].*$/s, ''), trustedHosts)
  if (!verdict.allowed) throw invalid(`url: ${verdict.reason}`)
  const { origin } = verdict
  return { settings: { origin }, sealedSecret: vault.seal(JSON.stringify({ url, signing }), channelId, origin) }
}

/** The address and secret of a channel again, to seal one of them beside the other that has changed. */
export function openAddress(
  { vault }: Pick<AdminParts, 'vault'>,
  { id, settings, sealedSecret }: AlertChannel,
): ChannelSecret | undefined {
  if (sealedSecret === undefined || settings.origin === undefined) return undefined
  return JSON.parse(vault.open(sealedSecret, id, settings.origin)) as ChannelSecret
}

/** What a webhook is signed with, where nobody has chosen something. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(24).toString('base64url')}`
}
