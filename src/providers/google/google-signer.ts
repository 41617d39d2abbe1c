import { createHash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { createAccessTokens, type AccessToken } from '../access-tokens.ts'
import type { Credential, ProviderSettings, Signer, Upstream } from '../adapter.ts'
import { unavailable, type TokenExchange } from '../token-exchange.ts'
import { federatedToken } from './federated.ts'
import { type GoogleKeyFile, readKeyFile } from './key-file.ts'
import { metadataToken } from './metadata.ts'
import { serviceAccountToken } from './service-account.ts'

export interface GoogleSignerParts {
  readonly clock: Clock
  readonly exchange: TokenExchange
  /** `TRUSTED_CUSTOM_HOSTS`: besides Google's, the hosts that a federated identity's file may name. */
  readonly trustedHosts: readonly string[]
  /** Scheme and host of the metadata server, by default `http://metadata.google.internal`. */
  readonly metadataOrigin?: string
}

/**
 * A Google access token for the scope `cloud-platform`, as a bearer. Where it comes from is `vertex_auth_type`, or what the key file says of
 * itself. Kept until five minutes before its end.
 */
export function createGoogleSigner(parts: GoogleSignerParts): Signer {
  const { clock, exchange, trustedHosts, metadataOrigin = 'http://metadata.google.internal' } = parts
  const tokens = createAccessTokens({ clock })

  return {
    async sign(request, upstream, signal) {
      const credential = upstream.credential()
      const source = sourceOf(upstream.settings, credential)
      const token = await tokens.get(upstream.integrationId, source.proof, () => obtain(source, upstream), signal)
      return { ...request, headers: [...request.headers, 'authorization', `Bearer ${token}`] }
    },
    forget: (upstream) => tokens.forget(upstream.integrationId),
  }

  function obtain(source: Source, { slug }: Upstream): Promise<AccessToken> {
    const identity = { clock, exchange, slug }
    if (source.keyFile === undefined) return metadataToken({ ...identity, metadataOrigin })
    const { keyFile } = source
    return keyFile.type === 'service_account'
      ? serviceAccountToken({ ...identity, keyFile })
      : federatedToken({ ...identity, trustedHosts, keyFile })
  }
}

/** Where tokens come from, and a word that changes when that does; it is no secret itself. */
interface Source {
  readonly proof: string
  /** Undefined for the machine's own identity. */
  readonly keyFile: GoogleKeyFile | undefined
}

const METADATA: Source = { proof: 'metadata', keyFile: undefined }

/** An account's secrets are the same object for as long as they are the same, so that a key file is read once. */
const sources = new WeakMap<Credential, Source>()

function sourceOf({ vertex_auth_type }: ProviderSettings, credential: Credential | undefined): Source {
  if (vertex_auth_type === 'metadata') return METADATA
  const text = credential?.vertex_service_account_json ?? credential?.key
  if (credential === undefined || text === undefined) {
    throw unavailable('There is no Google key file; set vertex_service_account_json, or vertex_auth_type to metadata')
  }
  const known = sources.get(credential)
  if (known !== undefined) return known
  const source = { proof: createHash('sha256').update(text).digest('hex'), keyFile: readKeyFile(text) }
  sources.set(credential, source)
  return source
}
