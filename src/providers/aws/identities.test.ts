import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { header } from '../../core/headers.ts'
import { createManualClock } from '../../testing/clock.ts'
import { accountOf } from '../../testing/one-call.ts'
import { type StsStandIn, type StsStandInOptions, startStsStandIn } from '../../testing/stand-ins/sts.ts'
import type { ProviderSettings } from '../adapter.ts'
import { createAwsIdentities, createAwsLibraries } from './identities.ts'

const ROLE = 'arn:aws:iam::123456789012:role/claude'
const SIGNAL = new AbortController().signal

let sts: StsStandIn

async function start(options?: StsStandInOptions): Promise<void> {
  sts = await startStsStandIn(options)
}

beforeEach(async () => {
  // AWS's libraries would look for a machine's own settings.
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  await start()
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await sts.stop()
})

function identities() {
  // STS tells when keys end by the clock of the world.
  const clock = createManualClock(Date.UTC(2026, 10, 23))
  return { clock, identities: createAwsIdentities({ clock, obtain: createAwsLibraries({ stsEndpoint: sts.origin }) }) }
}

function account(more: ProviderSettings = {}) {
  const settings: ProviderSettings = { aws_role_arn: ROLE, aws_region: 'eu-west-1', ...more }
  return accountOf('bedrock', { aws_access_key_id: sts.keyId, ...settings }, { key: sts.key })
}

describe('a role', () => {
  it('is assumed by the account’s own keys, with its external id and a name that shows up in the audit trail', async () => {
    const { identities: kept } = identities()
    const got = await kept.get(account({ aws_external_id: 'acme-7' }), SIGNAL)
    expect(got).toMatchObject({ accessKeyId: 'ASIDEXAMPLE1', sessionToken: 'session-1' })
    const [asked] = sts.asked
    expect(asked).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: ROLE,
      RoleSessionName: 'portcullis-target',
      ExternalId: 'acme-7',
    })
    expect(header(sts.requests[0]!.headers, 'authorization')).toContain('/eu-west-1/sts/aws4_request')
  })

  it('without an external id is assumed without one', async () => {
    await identities().identities.get(account(), SIGNAL)
    expect(sts.asked[0]).not.toHaveProperty('ExternalId')
  })

  it('is assumed by the keys of the environment where the account has none', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', sts.keyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', sts.key)
    const upstream = accountOf('bedrock', { aws_role_arn: ROLE, aws_region: 'eu-west-1' })
    expect(await identities().identities.get(upstream, SIGNAL)).toMatchObject({ accessKeyId: 'ASIDEXAMPLE1' })
  })

  it('is assumed once for all who wait, and again five minutes before its keys end', async () => {
    const { clock, identities: kept } = identities()
    const upstream = account()
    await Promise.all([kept.get(upstream, SIGNAL), kept.get(upstream, SIGNAL), kept.get(upstream, SIGNAL)])
    clock.advance(54 * 60_000)
    await kept.get(upstream, SIGNAL)
    expect(sts.asked).toHaveLength(1)
    clock.advance(2 * 60_000)
    expect(await kept.get(upstream, SIGNAL)).toMatchObject({ accessKeyId: 'ASIDEXAMPLE2' })
    expect(sts.asked).toHaveLength(2)
  })

  it('of another account, or after other settings, is assumed anew', async () => {
    const { identities: kept } = identities()
    await kept.get(account(), SIGNAL)
    await kept.get(account({ aws_external_id: 'acme-8' }), SIGNAL)
    await kept.get({ ...account(), providerId: 'provider_2' as ReturnType<typeof account>['providerId'] }, SIGNAL)
    expect(sts.asked).toHaveLength(3)
  })

  it('whose keys were refused is assumed anew, unless they are brand new', async () => {
    const { clock, identities: kept } = identities()
    await kept.get(account(), SIGNAL)
    expect(kept.forget(account())).toBe(false)
    clock.advance(60_000)
    expect(kept.forget(account())).toBe(true)
    expect(await kept.get(account(), SIGNAL)).toMatchObject({ accessKeyId: 'ASIDEXAMPLE2' })
  })
})

describe('STS that refuses', () => {
  it('tells the operator why, and nobody the secret', async () => {
    await sts.stop()
    await start({ refuse: () => true })
    const failure = await Promise.resolve(identities().identities.get(account(), SIGNAL)).catch(
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({ code: 'credential.unavailable', detail: expect.stringContaining('AccessDenied') })
    expect(JSON.stringify(failure)).not.toContain(sts.key)
  })

  it('for a moment stops nobody whose keys still live', async () => {
    await sts.stop()
    await start({ refuse: (ordinal) => ordinal === 1 })
    const { clock, identities: kept } = identities()
    await kept.get(account(), SIGNAL)
    clock.advance(56 * 60_000)
    expect(await kept.get(account(), SIGNAL)).toMatchObject({ accessKeyId: 'ASIDEXAMPLE1' })
    clock.advance(11_000)
    expect(await kept.get(account(), SIGNAL)).toMatchObject({ accessKeyId: 'ASIDEXAMPLE2' })
  })

  it('by silence is given up, and asked anew by the next', async () => {
    const clock = createManualClock()
    const good = { accessKeyId: 'ASIDEXAMPLE', secretAccessKey: 's' }
    let asked = 0
    const obtain = () => (asked++ === 0 ? new Promise<never>(() => {}) : Promise.resolve(good))
    const kept = createAwsIdentities({ clock, obtain })
    const silent = Promise.resolve(kept.get(account(), SIGNAL))
    clock.advance(30_000)
    await expect(silent).rejects.toMatchObject({ code: 'credential.unavailable' })
    expect(await kept.get(account(), SIGNAL)).toEqual(good)
    expect(clock.waiting).toBe(0)
  })

  it('does not hold a caller who leaves', async () => {
    const { identities: kept } = identities()
    const caller = new AbortController()
    const got = Promise.resolve(kept.get(account(), caller.signal))
    caller.abort()
    await expect(got).rejects.toMatchObject({ code: 'credential.unavailable' })
  })
})

it('keys of the account itself sign without asking anybody', async () => {
  const upstream = accountOf(
    'bedrock',
    { aws_auth_type: 'accessKey', aws_access_key_id: 'AKIDEXAMPLE' },
    { key: 'secret', aws_session_token: 'token' },
  )
  expect(await identities().identities.get(upstream, SIGNAL)).toEqual({
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'secret',
    sessionToken: 'token',
  })
  expect(sts.requests).toHaveLength(0)
})
