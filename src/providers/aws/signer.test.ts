import { expect, test } from 'vitest'
import { header } from '../../core/headers.ts'
import { asId } from '../../core/ids.ts'
import { joined } from '../../core/pieces.ts'
import { createManualClock } from '../../testing/clock.ts'
import { isSignedWith } from '../../testing/stand-ins/verify-sigv4.ts'
import type { Upstream, WireRequest } from '../adapter.ts'
import { createAwsIdentities } from './identities.ts'
import { addSignature, createAwsSigner } from './signer.ts'

const SIGNAL = new AbortController().signal
const REQUEST: WireRequest = {
  method: 'POST',
  origin: 'https://bedrock-runtime.us-east-1.amazonaws.com',
  path: `/model/${encodeURIComponent('arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.x-v1:0')}/invoke`,
  headers: ['content-type', 'application/json'],
  body: [Buffer.from('{"max_tokens":'), Buffer.from('1}')],
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
  return { method, path, body: joined(body), headers: [...headers, 'host', new URL(origin).host] }
}

test('a signature over an id with colons and slashes holds before another reader of the standard', async () => {
  const signer = createAwsSigner({ clock: createManualClock() })
  const request = await signer.sign(REQUEST, account({ aws_access_key_id: 'AKIA1' }, 'the-secret'), SIGNAL)
  expect(isSignedWith(signed(request), 'the-secret')).toBe(true)
  expect(isSignedWith(signed(request), 'another')).toBe(false)
})

test('a signature over a query with the same name twice, and a plus, holds too', async () => {
  const signer = createAwsSigner({ clock: createManualClock() })
  const asked = { ...REQUEST, path: '/v1/messages?beta=true&tag=b&tag=a%2Bc' }
  const request = await signer.sign(asked, account({ aws_access_key_id: 'AKIA1' }, 'the-secret'), SIGNAL)
  expect(isSignedWith(signed(request), 'the-secret')).toBe(true)
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

// From AWS's own test suite for Signature Version 4: post-vanilla and post-x-www-form-urlencoded.
test.each([
  ['no body', [], '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'a type and a body',
    ['content-type', 'application/x-www-form-urlencoded'],
    'Param1=value1',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
])('the signature of a request with %s is the one that AWS publishes', async (_name, headers, body, signature) => {
  const request: WireRequest = {
    method: 'POST',
    origin: 'https://example.amazonaws.com',
    path: '/',
    headers,
    body: [Buffer.from(body)],
  }
  const identity = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
  const at = new Date(Date.UTC(2015, 7, 30, 12, 36))
  const proven = await addSignature(request, identity, 'service', 'us-east-1', at)
  expect(header(proven.headers, 'authorization')).toMatch(new RegExp(`Signature=${signature}$`))
})
