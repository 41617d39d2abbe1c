import type { Clock } from '../../core/clock.ts'
import { GatewayError } from '../../core/errors.ts'
import type { ProviderSettings, Upstream } from '../adapter.ts'
import { awsRegionOf } from '../addresses.ts'

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

/** AWS's own libraries renew so long before the end, because a call may be queued and clocks differ. */
const RENEW_BEFORE_MS = 5 * 60_000

/** Keys that do not say when they end may still be exchanged under us: in the file of a profile, for one. */
const UNDATED_MS = 15 * 60_000

/** Keys that were refused this soon would only come back the same. */
const YOUNG_MS = 10_000

/** AWS's libraries wait for a silent token server without an end, and everybody would wait with them. */
const OBTAIN_MS_MAX = 30_000

interface Kept {
  /** What the keys were obtained by; other settings or secrets make them void. */
  readonly origin: string
  readonly obtainedAt: number
  readonly renewAt: number
  readonly identity: AwsIdentity | undefined
  readonly renewal: Promise<AwsIdentity> | undefined
}

/** Keys are kept by account until shortly before their end, and one renewal serves everybody who waits. */
export function createAwsIdentities({ clock, obtain = createAwsLibraries() }: AwsIdentitiesParts): AwsIdentities {
  const kept = new Map<string, Kept>()

  return {
    get(upstream, signal) {
      const own = ownKeys(upstream)
      if (own !== undefined && authTypeOf(upstream) === 'accessKey') return own
      const origin = originOf(upstream)
      const known = kept.get(upstream.providerId)
      const same = known?.origin === origin ? known : undefined
      if (same?.identity !== undefined && clock.now() < same.renewAt) return same.identity
      return unlessAborted(same?.renewal ?? renew(upstream, origin, same?.identity), signal)
    },

    forget({ providerId }) {
      const known = kept.get(providerId)
      if (known === undefined) return false
      if (known.renewal !== undefined) return true
      if (clock.now() - known.obtainedAt < YOUNG_MS) return false
      kept.delete(providerId)
      return true
    },
  }

  function renew(upstream: Upstream, origin: string, previous: AwsIdentity | undefined): Promise<AwsIdentity> {
    const account = upstream.providerId
    const renewal = inTime(obtain(upstream)).then(
      (identity) => {
        const now = clock.now()
        settle({ origin, obtainedAt: now, renewAt: renewalOf(identity, now), identity, renewal: undefined })
        return identity
      },
      (error: unknown) => {
        if (previous === undefined || !lasts(previous)) {
          settle(undefined)
          throw unavailable(upstream, error)
        }
        // STS being away for a moment stops nobody whose keys have minutes to live; it is asked again soon.
        const now = clock.now()
        settle({ origin, obtainedAt: now, renewAt: now + YOUNG_MS, identity: previous, renewal: undefined })
        return previous
      },
    )
    kept.set(account, { origin, obtainedAt: clock.now(), renewAt: 0, identity: previous, renewal })
    return renewal

    /** Unless the account was changed, or its keys forgotten, in the meantime. */
    function settle(next: Kept | undefined): void {
      if (kept.get(account)?.renewal !== renewal) return
      if (next === undefined) kept.delete(account)
      else kept.set(account, next)
    }
  }

  function inTime(obtained: Promise<AwsIdentity>): Promise<AwsIdentity> {
    return new Promise((resolve, reject) => {
      const timer = clock.after(OBTAIN_MS_MAX, () => reject(new Error('AWS did not give credentials in time')))
      obtained.then(resolve, reject).finally(() => timer.cancel())
    })
  }

  function lasts({ expiration }: AwsIdentity): boolean {
    return expiration === undefined || clock.now() < expiration.getTime()
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

function renewalOf({ expiration }: AwsIdentity, now: number): number {
  if (expiration === undefined) return now + UNDATED_MS
  const end = expiration.getTime()
  // Short-lived keys still serve for half of their life.
  return Math.max(end - RENEW_BEFORE_MS, now + (end - now) / 2)
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

function unlessAborted<Value>(waited: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = () =>
      reject(
        new GatewayError('credential.unavailable', 'The call was ended while the gateway waited for AWS credentials.'),
      )
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    waited.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
