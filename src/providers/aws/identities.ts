import type { Clock } from '../../core/clock.ts'
import { GatewayError } from '../../core/errors.ts'
import type { ProviderSettings, Upstream } from '../adapter.ts'
import { awsRegionOf } from '../addresses.ts'
import { createKeptProofs } from '../kept-proofs.ts'

/** Keys that sign; temporary ones have a session token and an end. */
export interface AwsIdentity {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/** Who each account signs as. */
export interface AwsIdentities {
  /** Rejects with `credential.unavailable`, also when the signal fires before the keys are there; they are then still kept for others. */
  get(upstream: Upstream, signal: AbortSignal): AwsIdentity | Promise<AwsIdentity>
  /** AWS refused the keys. True when the next ones can be others. */
  forget(upstream: Upstream): boolean
}

export interface AwsIdentitiesParts {
  readonly clock: Clock
  /** Obtains keys; by default through the AWS libraries. */
  readonly obtain?: (upstream: Upstream) => Promise<AwsIdentity>
}

/** AWS's libraries wait for a silent token server without an end, and everybody would wait with them. */
const OBTAIN_MS_MAX = 30_000

/** Keys are kept by account until shortly before their end, and one renewal serves everybody who waits. */
export function createAwsIdentities({ clock, obtain = createAwsLibraries() }: AwsIdentitiesParts): AwsIdentities {
  const kept = createKeptProofs<AwsIdentity>({ clock, endOf: ({ expiration }) => expiration?.getTime() })

  return {
    get(upstream, signal) {
      const own = ownKeys(upstream)
      if (own !== undefined && authTypeOf(upstream) === 'accessKey') return own
      return kept.get(upstream.providerId, originOf(upstream), () => obtainInTime(upstream), signal)
    },
    forget: ({ providerId }) => kept.forget(providerId),
  }

  function obtainInTime(upstream: Upstream): Promise<AwsIdentity> {
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) => reject(unavailable(upstream, cause))
      const timer = clock.after(OBTAIN_MS_MAX, () => fail(new Error('AWS did not give credentials in time')))
      obtain(upstream)
        .then(resolve, fail)
        .finally(() => timer.cancel())
    })
  }
}

/** How an account proves itself; one that was saved without saying so is recognised by what it has. */
export function authTypeOf({ settings, credential }: Upstream): NonNullable<ProviderSettings['aws_auth_type']> {
  if (settings.aws_auth_type !== undefined) return settings.aws_auth_type
  if (settings.aws_role_arn !== undefined) return 'assumedRole'
  if (settings.aws_access_key_id !== undefined) return 'accessKey'
  return credential()?.key === undefined ? 'default' : 'apiKey'
}

/** The long-lived keys that stand in the account itself. */
function ownKeys({ settings, credential }: Upstream): AwsIdentity | undefined {
  const secret = credential()
  if (settings.aws_access_key_id === undefined || secret?.key === undefined) return undefined
  return {
    accessKeyId: settings.aws_access_key_id,
    secretAccessKey: secret.key,
    ...(secret.aws_session_token !== undefined && { sessionToken: secret.aws_session_token }),
  }
}

function originOf(upstream: Upstream): string {
  const { aws_region, aws_role_arn, aws_external_id } = upstream.settings
  return JSON.stringify([authTypeOf(upstream), aws_region, aws_role_arn, aws_external_id, ownKeys(upstream)])
}

export interface AwsLibrariesParts {
  /** Where roles are assumed; by default the region's own STS. */
  readonly stsEndpoint?: string
}

/**
 * The chain of AWS's own libraries (environment, profile, IRSA, ECS and EKS, instance metadata) and the assumption of roles. They are loaded
 * when the first account needs them: most installations have none.
 */
export function createAwsLibraries({ stsEndpoint }: AwsLibrariesParts = {}): (
  upstream: Upstream,
) => Promise<AwsIdentity> {
  return async (upstream) => {
    const { fromNodeProviderChain, fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
    const { aws_role_arn: role, aws_external_id: externalId } = upstream.settings
    const clientConfig = {
      region: awsRegionOf(upstream.settings),
      ...(stsEndpoint !== undefined && { endpoint: stsEndpoint }),
    }
    const authType = authTypeOf(upstream)
    if (authType === 'default') return fromNodeProviderChain({ clientConfig })()
    if (authType !== 'assumedRole' || role === undefined) throw new TypeError('the account has no keys')
    return fromTemporaryCredentials({
      masterCredentials: ownKeys(upstream) ?? fromNodeProviderChain({ clientConfig }),
      params: {
        RoleArn: role,
        // Stands in the company's audit trail: it says which account of the gateway asked.
        RoleSessionName: `portcullis-${upstream.slug}`.replace(/[^\w+=,.@-]/g, '-').slice(0, 64),
        ...(externalId !== undefined && { ExternalId: externalId }),
      },
      clientConfig,
    })()
  }
}

function unavailable({ slug }: Upstream, cause: unknown): GatewayError {
  return new GatewayError(
    'credential.unavailable',
    `The gateway could not get AWS credentials for provider @${slug}. Your key is fine: tell whoever runs the gateway.`,
    { cause, detail: cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause) },
  )
}
