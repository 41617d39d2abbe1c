import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Compute } from 'google-auth-library'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { GatewayError } from '../../core/errors.ts'
import { header } from '../../core/headers.ts'
import { createManualClock } from '../../testing/clock.ts'
import { accountOf } from '../../testing/one-call.ts'
import { startScriptedUpstream } from '../../testing/scripted-upstream.ts'
import { documentScene } from '../../testing/stand-ins/faults.ts'
import {
  type GoogleTokens,
  type GoogleTokensOptions,
  startGoogleTokens,
} from '../../testing/stand-ins/google-tokens.ts'
import type { Credential, ProviderSettings } from '../adapter.ts'
import { createTokenExchange } from '../token-exchange.ts'
import { createGoogleSigner } from './google-signer.ts'

const REQUEST = { method: 'POST', origin: 'https://x', path: '/', headers: [], body: [] } as const
const never = new AbortController().signal

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
})

async function setUp(options: GoogleTokensOptions = {}, trusted?: readonly string[]) {
  const clock = createManualClock()
  const tokens = await startGoogleTokens({ now: () => clock.now(), ...options })
  const trustedHosts = trusted ?? [new URL(tokens.origin).host]
  const exchange = createTokenExchange({ clock: systemClock, trustedHosts })
  cleanups.push(
    () => exchange.close(),
    () => tokens.stop(),
  )
  const signer = createGoogleSigner({ clock, exchange, trustedHosts, metadataOrigin: tokens.origin })
  const bearer = async (settings: ProviderSettings, credential?: Credential) => {
    const signed = await signer.sign(REQUEST, accountOf('vertex-ai', settings, credential), never)
    return header(signed.headers, 'authorization')
  }
  return { clock, tokens, signer, bearer }
}

async function failureOf(answer: Promise<unknown>): Promise<GatewayError> {
  const failure = await answer.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(failure instanceof GatewayError)) throw new Error('It did not fail as it should', { cause: failure })
  return failure
}

const keyOf = (tokens: GoogleTokens) => ({ vertex_service_account_json: tokens.keyFile })

describe('a service account', () => {
  it('gets a token for an assertion that its server can verify, and keeps it', async () => {
    const { clock, tokens, bearer } = await setUp()
    expect(await bearer({}, keyOf(tokens))).toBe('Bearer ya29.stand-in-1')
    expect(await bearer({}, keyOf(tokens))).toBe('Bearer ya29.stand-in-1')
    clock.advance(55 * 60_000)
    expect(await bearer({}, keyOf(tokens))).toBe('Bearer ya29.stand-in-2')
    expect(tokens.requests).toHaveLength(2)
  })

  it('asks once for many calls at the same time', async () => {
    const { tokens, bearer } = await setUp()
    const key = keyOf(tokens)
    const bearers = await Promise.all(Array.from({ length: 20 }, () => bearer({}, key)))
    expect(new Set(bearers)).toEqual(new Set(['Bearer ya29.stand-in-1']))
    expect(tokens.requests).toHaveLength(1)
  })

  it('gets another token after the provider has refused the first', async () => {
    const { clock, tokens, signer, bearer } = await setUp()
    const key = keyOf(tokens)
    await bearer({}, key)
    clock.advance(60_000)
    expect(signer.forget?.(accountOf('vertex-ai', {}, key), { status: 401, headers: [] })).toBe(true)
    expect(await bearer({}, key)).toBe('Bearer ya29.stand-in-2')
  })

  it('that is refused tells the operator the server’s words, and nobody its key', async () => {
    const refusal = { error: 'invalid_grant', error_description: 'Invalid grant: account not found' }
    const { tokens, bearer } = await setUp({ refuse: () => ({ status: 400, document: refusal }) })
    const failure = await failureOf(bearer({}, keyOf(tokens)))
    expect(failure.code).toBe('credential.unavailable')
    expect(failure.detail).toMatch(/@target, answered 400: invalid_grant, Invalid grant: account not found/)
    expect(failure.message).not.toMatch(/invalid_grant/)
    expect(JSON.stringify([failure.message, failure.detail, failure.stack])).not.toMatch(/PRIVATE KEY|assertion/)
  })

  it.each([
    ['not JSON', '{'],
    ['of no known type', '{"type":"gdch_service_account"}'],
    ['without a private key', '{"type":"service_account","client_email":"a@b"}'],
    ['with a private key that is none', '{"type":"service_account","client_email":"a@b","private_key":"s3cret"}'],
  ])('whose file is %s is unavailable', async (_, text) => {
    const { bearer } = await setUp()
    const failure = await failureOf(bearer({}, { vertex_service_account_json: text }))
    expect(failure.code).toBe('credential.unavailable')
    expect(failure.detail).not.toContain('s3cret')
  })

  it('has its assertion sent to no private host that nobody trusts', async () => {
    const { tokens, bearer } = await setUp({}, [])
    const failure = await failureOf(bearer({}, keyOf(tokens)))
    expect(failure.detail).toMatch(/cannot be asked/)
    expect(tokens.requests).toHaveLength(0)
  })
})

describe('the machine’s own identity', () => {
  it('is asked of the metadata server', async () => {
    const { tokens, bearer } = await setUp()
    expect(await bearer({ vertex_auth_type: 'metadata' })).toBe('Bearer ya29.stand-in-1')
    expect(tokens.requests[0]?.method).toBe('GET')
  })

  it('is asked as Google’s own library asks', async () => {
    const { tokens, bearer } = await setUp()
    await bearer({ vertex_auth_type: 'metadata' })
    vi.stubEnv('GCE_METADATA_HOST', new URL(tokens.origin).host)
    cleanups.push(() => vi.unstubAllEnvs())
    expect((await new Compute().getAccessToken()).token).toBe('ya29.stand-in-2')
    const shown = ({ method, path, headers }: (typeof tokens.requests)[number]) => [
      method,
      path.replace(/\?.*/, ''),
      header(headers, 'metadata-flavor'),
    ]
    expect(shown(tokens.requests[0]!)).toEqual(shown(tokens.requests[1]!))
  })

  it('is unavailable where there is no metadata server', async () => {
    const { tokens, bearer } = await setUp()
    await tokens.stop()
    const failure = await failureOf(bearer({ vertex_auth_type: 'metadata' }))
    expect(failure.detail).toMatch(/gave no token: (ECONNREFUSED|UND_ERR_SOCKET)/)
    cleanups.pop()
  })
})

describe('a federated identity', () => {
  it('exchanges the proof of a file, and then stands in for a service account', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-federated-'))
    cleanups.push(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'proof'), 'a-token-of-the-cluster')
    const sts = await startScriptedUpstream({
      direct: ({ path }) =>
        path === '/v1/token'
          ? documentScene(200, { access_token: 'sts', expires_in: 3600, token_type: 'Bearer', issued_token_type: 'x' })
          : documentScene(200, { accessToken: 'ya29.impersonated', expireTime: '2030-01-01T00:00:00Z' }),
    })
    cleanups.push(() => sts.stop())
    const { bearer } = await setUp({}, [new URL(sts.origin).host])
    const file = {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${sts.origin}/v1/token`,
      service_account_impersonation_url: `${sts.origin}/v1/projects/-/serviceAccounts/a@b:generateAccessToken`,
      credential_source: { file: join(folder, 'proof') },
    }
    const credential = { vertex_service_account_json: JSON.stringify(file) }
    expect(await bearer({ vertex_auth_type: 'federated' }, credential)).toBe('Bearer ya29.impersonated')
    expect(sts.requests.map(({ path }) => path.split('/').at(-1))).toEqual(['token', 'a@b:generateAccessToken'])
    expect(sts.requests[0]?.body.toString()).toContain('subject_token=a-token-of-the-cluster')
  })

  it.each([
    [
      'sends a file of this machine to a strange host',
      { token_url: 'https://evil.example.com/token', credential_source: { file: '/etc/hostname' } },
    ],
    [
      'runs a program',
      { token_url: 'https://sts.googleapis.com/v1/token', credential_source: { executable: { command: 'id' } } },
    ],
  ])('never %s', async (_, more) => {
    const { bearer } = await setUp()
    const text = JSON.stringify({ type: 'external_account', audience: 'a', subject_token_type: 'b', ...more })
    expect((await failureOf(bearer({}, { vertex_service_account_json: text }))).code).toBe('credential.unavailable')
  })
})
