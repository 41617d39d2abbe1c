import type { Clock } from '../../core/clock.ts'
import { GatewayError } from '../../core/errors.ts'
import type { AccessToken } from '../access-tokens.ts'
import { unavailable, type TokenExchange } from '../token-exchange.ts'
import type { FederatedFile } from './key-file.ts'
import { CLOUD_PLATFORM } from './service-account.ts'

interface FederatedParts {
  readonly clock: Clock
  readonly exchange: TokenExchange
  readonly slug: string
  readonly trustedHosts: readonly string[]
  readonly keyFile: FederatedFile
}

/**
 * A token by workload identity federation (`external_account`: a proof from a file, an address or AWS, exchanged at Google), or by the refresh
 * token of a person. The library knows the many sources; every connection that it wants goes through our exchange.
 */
export async function federatedToken({
  clock,
  exchange,
  slug,
  trustedHosts,
  keyFile,
}: FederatedParts): Promise<AccessToken> {
  refuseStrangeHosts(keyFile, trustedHosts)
  try {
    const client = await openClient(keyFile, exchange)
    const { token } = await client.getAccessToken()
    if (typeof token !== 'string') throw new TypeError('no token')
    const { expiry_date: expiresAt } = client.credentials
    return { token, expiresAt: expiresAt ?? clock.now() + 3_600_000 }
  } catch (error) {
    if (error instanceof GatewayError) throw error
    const cause = error instanceof Error ? error.cause : undefined
    if (cause instanceof GatewayError) throw cause
    throw unavailable(`The federated identity of @${slug} was refused: ${reasonOf(error)}`)
  }
}

async function openClient({ type, document }: FederatedFile, exchange: TokenExchange) {
  // Most installations have no federated identity; the library takes a tenth of a second to load.
  const { AwsClient, IdentityPoolClient, UserRefreshClient } = await import('google-auth-library')
  const transporterOptions = { fetchImplementation: fetchThrough(exchange), retry: false }
  if (type === 'authorized_user') {
    const word = (name: string) => (typeof document[name] === 'string' ? document[name] : '')
    return new UserRefreshClient({
      clientId: word('client_id'),
      clientSecret: word('client_secret'),
      refreshToken: word('refresh_token'),
      transporterOptions,
    })
  }
  const options = { ...document, scopes: [CLOUD_PLATFORM], transporterOptions }
  return isAws(document)
    ? new AwsClient(options as unknown as ConstructorParameters<typeof AwsClient>[0])
    : new IdentityPoolClient(options as unknown as ConstructorParameters<typeof IdentityPoolClient>[0])
}

function isAws({ credential_source }: FederatedFile['document']): boolean {
  return isObject(credential_source) && typeof credential_source['environment_id'] === 'string'
}

/** The library speaks `fetch`; this is one that knows a single way out. */
function fetchThrough(exchange: TokenExchange) {
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const asked = new Request(input, init)
    const body = asked.body === null ? undefined : await asked.text()
    const { status, headers, text } = await exchange.ask({
      method: asked.method === 'GET' ? 'GET' : 'POST',
      url: asked.url,
      headers: Object.fromEntries(asked.headers),
      ...(body !== undefined && { body }),
    })
    // The text is plain already.
    const { 'content-encoding': _coding, 'content-length': _length, ...kept } = headers
    return new Response(text, { status, headers: kept })
  }
}

/**
 * The file says which local file holds the proof, and where the proof is sent. Whoever may write it could otherwise have any file of this
 * machine sent to any host, so the exchange is Google's, or one that an operator trusts; programs are not run at all.
 */
function refuseStrangeHosts({ type, document }: FederatedFile, trustedHosts: readonly string[]): void {
  if (type !== 'external_account') return
  for (const name of ['token_url', 'service_account_impersonation_url', 'token_info_url'] as const) {
    const url = document[name]
    if (url !== undefined && !isGooglesOrTrusted(url, trustedHosts)) {
      throw unavailable(`The ${name} of the federated identity is neither Google's nor in TRUSTED_CUSTOM_HOSTS`)
    }
  }
  const source = document['credential_source']
  if (!isObject(source)) throw unavailable('The federated identity has no credential_source')
  if ('executable' in source) throw unavailable('The gateway runs no programs for a federated identity')
  if ('certificate' in source) throw unavailable('The gateway knows no federated identity by certificate')
}

function isGooglesOrTrusted(url: unknown, trustedHosts: readonly string[]): boolean {
  if (typeof url !== 'string' || !URL.canParse(url)) return false
  const { protocol, hostname, host } = new URL(url)
  if (trustedHosts.includes(host) || trustedHosts.includes(hostname)) return true
  return protocol === 'https:' && (hostname.endsWith('.googleapis.com') || hostname === 'googleapis.com')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** Errors of the library carry the whole request; only its one line is told. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\s+/g, ' ').slice(0, 300) : 'unknown failure'
}
