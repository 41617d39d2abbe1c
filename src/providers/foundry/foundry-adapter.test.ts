import { AnthropicFoundry } from '@anthropic-ai/foundry-sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { header } from '../../core/headers.ts'
import { joined } from '../../core/pieces.ts'
import { createManualClock } from '../../testing/clock.ts'
import { accountOf, callOf, errorOf, makeCall } from '../../testing/one-call.ts'
import { faultsInOrder } from '../../testing/stand-ins/faults.ts'
import {
  type FoundryStandIn,
  type FoundryStandInOptions,
  startFoundryStandIn,
} from '../../testing/stand-ins/foundry.ts'
import type { Credential, ProviderSettings } from '../adapter.ts'
import { createTokenExchange, type TokenExchange } from '../token-exchange.ts'
import { foundryAdapter } from './foundry-adapter.ts'
import { explainAzureError } from './foundry-errors.ts'
import { createFoundrySigner } from './foundry-signer.ts'

const ASK = { model: 'claude-opus-4-8', max_tokens: 64, messages: [{ role: 'user' as const, content: 'Hello' }] }

let foundry: FoundryStandIn
let exchange: TokenExchange

async function start(options: FoundryStandInOptions = {}): Promise<void> {
  foundry = await startFoundryStandIn(options)
  exchange = createTokenExchange({ clock: systemClock, trustedHosts: foundry.trustedHosts })
}

beforeEach(() => start())
afterEach(async () => {
  await exchange.close()
  await foundry.stop()
})

function caller(settings: ProviderSettings = {}, credential: Credential = { key: foundry.apiKey }) {
  const clock = createManualClock()
  const signer = createFoundrySigner({ clock, exchange, loginOrigin: foundry.origin })
  const upstream = accountOf('azure-ai', { azure_foundry_url: `${foundry.origin}/anthropic`, ...settings }, credential)
  return {
    clock,
    signer,
    upstream,
    call: (document: Readonly<Record<string, unknown>>, change: Parameters<typeof callOf>[3] = {}) =>
      makeCall({ adapter: foundryAdapter, signer }, upstream, callOf(foundryAdapter, upstream, document, change)),
  }
}

function byApplication() {
  const { tenant, client, secret } = foundry.application
  return caller(
    { azure_auth_mode: 'entra', azure_entra_tenant_id: tenant, azure_entra_client_id: client },
    { azure_entra_client_secret: secret },
  )
}

describe('a call to Foundry', () => {
  it('is the very request that Microsoft’s customers send with Anthropic’s client', async () => {
    const { call } = caller()
    await call(ASK, { query: '?beta=true' })
    await call({ ...ASK, stream: true })
    const client = new AnthropicFoundry({
      baseURL: `${foundry.origin}/anthropic`,
      apiKey: foundry.apiKey,
      maxRetries: 0,
      // Clients ask for a later version by themselves; ours goes on relaying the one that was asked for.
      defaultHeaders: { 'anthropic-version': '2023-06-01' },
    })
    await client.messages.create(ASK)
    for await (const _ of await client.messages.create({ ...ASK, stream: true })) continue
    const [ours, theirs] = [foundry.requests.slice(0, 2), foundry.requests.slice(2)]
    const shown = ({ method, path, headers, body }: (typeof foundry.requests)[number]) => ({
      line: [method, path],
      key: header(headers, 'x-api-key'),
      version: header(headers, 'anthropic-version'),
      document: JSON.parse(body.toString('utf8')) as unknown,
    })
    expect(ours.map(shown)).toEqual(theirs.map(shown))
    expect(ours.map(({ status }) => status)).toEqual([200, 200])
  })

  it('goes to the deployment that the account has for the model', () => {
    const { upstream } = caller({ model_map: { 'claude-opus-4-8': 'opus-prod' } })
    const { request } = foundryAdapter.encode(callOf(foundryAdapter, upstream, ASK), upstream)
    expect(JSON.parse(joined(request.body).toString('utf8'))).toMatchObject({ model: 'opus-prod' })
  })

  it('has one key, and none of the caller’s', async () => {
    const { call } = caller()
    await call(ASK, { headers: ['Api-Key', 'of the caller', 'x-stays', 'yes'] })
    const [{ headers }] = foundry.requests as [(typeof foundry.requests)[number]]
    expect(headers).not.toContain('of the caller')
    expect(header(headers, 'x-stays')).toBe('yes')
  })

  it('for a fast answer goes to the fast deployment, without the field', async () => {
    const { call } = caller()
    expect((await call({ ...ASK, speed: 'fast' })).status).toBe(200)
    const document = JSON.parse(foundry.requests[0]!.body.toString('utf8')) as object
    expect(document).toMatchObject({ model: 'claude-opus-4-8-fast' })
    expect(document).not.toHaveProperty('speed')
  })
})

describe('an application of Entra ID', () => {
  it('gets one token for many calls, and another before its end', async () => {
    const { clock, call } = byApplication()
    const answers = await Promise.all([call(ASK), call(ASK), call(ASK)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(foundry.issued).toBe(1)
    clock.advance(56 * 60_000)
    await call(ASK)
    expect(foundry.issued).toBe(2)
  })

  it('that is refused tells the operator why, and nobody its secret', async () => {
    await foundry.stop()
    const refusal = { error: 'invalid_client', error_description: 'AADSTS7000222: The secret has expired.' }
    await start({ refuseToken: () => ({ status: 401, document: refusal }) })
    const { secret } = foundry.application
    const failure = await byApplication()
      .call(ASK)
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'credential.unavailable', detail: expect.stringContaining('AADSTS7000222') })
    expect(JSON.stringify(failure)).not.toContain(secret)
  })

  it('whose tenant would lead to another path asks for nothing', async () => {
    const strange = caller(
      { azure_auth_mode: 'entra', azure_entra_tenant_id: '../x', azure_entra_client_id: 'c' },
      { azure_entra_client_secret: 's' },
    )
    await expect(strange.call(ASK)).rejects.toMatchObject({ code: 'credential.unavailable' })
    expect(foundry.requests).toHaveLength(0)
  })
})

describe('an Azure error', () => {
  it('reaches the client in Anthropic’s envelope', async () => {
    await foundry.stop()
    await start({ faults: faultsInOrder('unavailable', 'rate-limited', 'internal', 'forbidden', 'overloaded') })
    const { call } = caller()
    expect(errorOf(await call(ASK)).slice(0, 2)).toEqual([529, 'overloaded_error'])
    expect(errorOf(await call(ASK)).slice(0, 2)).toEqual([429, 'rate_limit_error'])
    expect(errorOf(await call(ASK)).slice(0, 2)).toEqual([500, 'api_error'])
    const forbidden = errorOf(await call(ASK))
    expect(forbidden).toEqual([403, 'permission_error', 'The principal lacks the required data action on (resource)'])
    expect(errorOf(await call(ASK))).toEqual([529, 'overloaded_error', 'Overloaded'])
  })

  it('about a deployment that does not exist is a 404, whatever its status', () => {
    const document = { error: { code: 'DeploymentNotFound', message: 'No such deployment.' } }
    expect(explainAzureError({ status: 400, document })).toMatchObject({ status: 404, type: 'not_found_error' })
  })

  it('of the front door is understood too', () => {
    const document = { statusCode: 429, message: 'Rate limit is exceeded.' }
    expect(explainAzureError({ status: 429, document })).toEqual({
      status: 429,
      type: 'rate_limit_error',
      message: 'Rate limit is exceeded.',
    })
  })
})
