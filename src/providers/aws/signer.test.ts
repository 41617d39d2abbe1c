import { expect, test } from 'vitest'
import { header } from '../../core/headers.ts'
import { asId } from '../../core/ids.ts'
import { createManualClock } from '../../testing/clock.ts'
import { isSignedWith } from '../../testing/stand-ins/verify-sigv4.ts'
import type { Upstream, WireRequest } from '../adapter.ts'
import { createAwsIdentities } from './identities.ts'
import { createAwsSigner } from './signer.ts'

const SIGNAL = new AbortController().signal
const REQUEST: WireRequest = {
  method: 'POST',
  origin: 'https://bedrock-runtime.us-east-1.amazonaws.com',
  path: `/model/${encodeURIComponent('arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.x-v1:0')}/invoke`,
  headers: ['content-type', 'application/json'],
  body: Buffer.from('{"max_tokens":1}'),
}

function account(settings: Upstream['settings'], key?: string): Upstream {
  return {
    providerId: asId('provider-1'),
    slug: 'prod',
    kind: 'bedrock',
    platform: 'bedrock-invoke',
    integrationId: asId('integration-1'),
    origin: REQUEST.origin,
    basePath: '',
    trustedHost: false,
    settings,
    credential: () => (key === undefined ? undefined : { key }),
    allows: () => true,
    models: [],
  }
}

function signed({ method, path, headers, body, origin }: WireRequest) {
  return { method, path, body, headers: [...headers, 'host', new URL(origin).host] }
}

test('a signature over an id with colons and slashes holds before another reader of the standard', async () => {
  const signer = createAwsSigner({ clock: createManualClock() })
  const request = await signer.sign(REQUEST, account({ aws_access_key_id: 'AKIA1' }, 'the-secret'), SIGNAL)
  expect(isSignedWith(signed(request), 'the-secret')).toBe(true)
  expect(isSignedWith(signed(request), 'another')).toBe(false)
})

test('an API key travels as a bearer', async () => {
  const signer = createAwsSigner({ clock: createManualClock() })
  const request = await signer.sign(REQUEST, account({ aws_auth_type: 'apiKey' }, 'bedrock-key'), SIGNAL)
  expect(header(request.headers, 'authorization')).toBe('Bearer bedrock-key')
})

test('keys are obtained once for all who wait, and again five minutes before their end', async () => {
  const clock = createManualClock()
  let obtained = 0
  const obtain = async () => {
    obtained += 1
    return {
      accessKeyId: 'ASIA',
      secretAccessKey: 's',
      sessionToken: 't',
      expiration: new Date(clock.now() + 3_600_000),
    }
  }
  const signer = createAwsSigner({ clock, identities: createAwsIdentities({ clock, obtain }) })
  const role = account({ aws_role_arn: 'arn:aws:iam::123456789012:role/claude' })
  const [request] = await Promise.all([signer.sign(REQUEST, role, SIGNAL), signer.sign(REQUEST, role, SIGNAL)])
  expect(header(request.headers, 'x-amz-security-token')).toBe('t')
  clock.advance(54 * 60_000)
  await signer.sign(REQUEST, role, SIGNAL)
  expect(obtained).toBe(1)
  clock.advance(2 * 60_000)
  await signer.sign(REQUEST, role, SIGNAL)
  expect(obtained).toBe(2)
})

test('a clock that is wrong is corrected once by the answer’s own', async () => {
  const clock = createManualClock(Date.UTC(2026, 10, 23))
  const signer = createAwsSigner({ clock })
  const own = account({ aws_access_key_id: 'AKIA1' }, 'the-secret')
  const headers = ['x-amzn-errortype', 'InvalidSignatureException:', 'date', 'Mon, 23 Nov 2026 01:00:00 GMT']
  expect(signer.forget?.(own, { status: 403, headers })).toBe(true)
  const request = await signer.sign(REQUEST, own, SIGNAL)
  expect(header(request.headers, 'x-amz-date')).toBe('20261123T010000Z')
  expect(signer.forget?.(own, { status: 403, headers })).toBe(false)
})
