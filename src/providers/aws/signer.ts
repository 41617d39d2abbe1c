import { SignatureV4 } from '@smithy/signature-v4'
import type { Clock } from '../../core/clock.ts'
import { GatewayError } from '../../core/errors.ts'
import { type HeaderLines, header } from '../../core/headers.ts'
import { joined } from '../../core/pieces.ts'
import type { Signer, Upstream, WireRequest } from '../adapter.ts'
import { awsRegionOf } from '../addresses.ts'
import { plainName } from '../bedrock/errors.ts'
import { type AwsIdentities, type AwsIdentity, authTypeOf, createAwsIdentities } from './identities.ts'
import { Sha256 } from './sha256.ts'

export interface AwsSignerParts {
  readonly clock: Clock
  /** By default through the AWS libraries. */
  readonly identities?: AwsIdentities
}

/** Proof for everything that AWS runs: Signature Version 4, or a key as it is. */
export function createAwsSigner({ clock, identities = createAwsIdentities({ clock }) }: AwsSignerParts): Signer {
  /** Milliseconds by which AWS is ahead of this machine, by origin; only where that once mattered. */
  const aheadMs = new Map<string, number>()

  return {
    sign(request, upstream, signal) {
      if (authTypeOf(upstream) === 'apiKey') return withKey(request, upstream)
      return signWithIdentity(request, upstream, signal)
    },

    forget(upstream, { headers }) {
      const refusal = plainName(header(headers, 'x-amzn-errortype')) ?? ''
      if (CLOCK_REFUSALS.has(refusal) && correctClock(upstream, headers)) return true
      return KEY_REFUSALS.has(refusal) && authTypeOf(upstream) !== 'apiKey' && identities.forget(upstream)
    },
  }

  async function signWithIdentity(request: WireRequest, upstream: Upstream, signal: AbortSignal): Promise<WireRequest> {
    const identity = await identities.get(upstream, signal)
    const at = clock.now() + (aheadMs.get(upstream.origin) ?? 0)
    return addSignature(request, identity, serviceOf(upstream), awsRegionOf(upstream.settings), new Date(at))
  }

  /** True when the answer's own clock shows that ours is wrong, and was not corrected by that before. */
  function correctClock({ origin }: Upstream, headers: HeaderLines): boolean {
    const theirs = Date.parse(header(headers, 'date') ?? '')
    if (Number.isNaN(theirs)) return false
    const ahead = theirs - clock.now()
    if (Math.abs(ahead - (aheadMs.get(origin) ?? 0)) < SKEW_MS_MIN) return false
    aheadMs.set(origin, ahead)
    return true
  }
}

/** AWS allows five minutes; a `date` header has whole seconds and has travelled. */
const SKEW_MS_MIN = 60_000

const CLOCK_REFUSALS: ReadonlySet<string> = new Set([
  'invalidsignature',
  'requestexpired',
  'requesttimetooskewed',
  'signaturedoesnotmatch',
])

const KEY_REFUSALS: ReadonlySet<string> = new Set([
  'expiredtoken',
  'invalidclienttokenid',
  'invalidsignature',
  'signaturedoesnotmatch',
  'unrecognizedclient',
])

/** An API key of Bedrock travels as a bearer, one of the first-party platform as Anthropic's do. */
function withKey(request: WireRequest, { kind, slug, credential }: Upstream): WireRequest {
  const key = credential()?.key
  if (key === undefined) {
    throw new GatewayError(
      'credential.unavailable',
      `Provider @${slug} has no API key. Your key is fine: tell whoever runs the gateway.`,
    )
  }
  const proof = kind === 'claude-platform-aws' ? ['x-api-key', key] : ['authorization', `Bearer ${key}`]
  return { ...request, headers: [...request.headers, ...proof] }
}

/** The names by which the services' signatures are made. */
function serviceOf({ platform }: Upstream): string {
  if (platform === 'claude-platform-aws') return 'aws-external-anthropic'
  return platform === 'bedrock-mantle' ? 'bedrock-mantle' : 'bedrock'
}

/**
 * Signs the host, the type and the body, and no other header: proxies may touch those. The path is signed as it stands in the request, with
 * each of its steps encoded once more.
 */
export async function addSignature(
  request: WireRequest,
  identity: AwsIdentity,
  service: string,
  region: string,
  signingDate: Date,
): Promise<WireRequest> {
  const { host, hostname, protocol } = new URL(request.origin)
  const [path = '/', query] = request.path.split('?', 2)
  const type = header(request.headers, 'content-type')
  const signer = new SignatureV4({ service, region, credentials: identity, sha256: Sha256, applyChecksum: false })
  const signed = await signer.sign(
    {
      method: request.method,
      protocol,
      hostname,
      path,
      query: readQuery(query),
      headers: { host, ...(type !== undefined && { 'content-type': type }) },
      body: joined(request.body),
    },
    { signingDate },
  )
  const proof = PROOF.flatMap((name) => (signed.headers[name] === undefined ? [] : [name, signed.headers[name]]))
  return { ...request, headers: [...request.headers, ...proof] }
}

/** A name may stand there twice. To AWS a plus is a plus, and no space as in forms. */
function readQuery(query = ''): Record<string, string[]> {
  const params = new URLSearchParams(query.replaceAll('+', '%2B'))
  return Object.fromEntries([...params.keys()].map((name) => [name, params.getAll(name)]))
}

const PROOF = ['x-amz-date', 'x-amz-security-token', 'authorization'] as const
