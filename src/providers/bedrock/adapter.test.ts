import { AnthropicBedrock, AnthropicBedrockMantle } from '@anthropic-ai/bedrock-sdk'
import {
  BedrockRuntimeClient,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { header, type HeaderLines } from '../../core/headers.ts'
import { createManualClock } from '../../testing/clock.ts'
import { accountOf, callOf, makeCall } from '../../testing/one-call.ts'
import { type BedrockStandIn, startBedrockStandIn } from '../../testing/stand-ins/bedrock.ts'
import type { ProviderSettings } from '../adapter.ts'
import { createAwsSigner } from '../aws/signer.ts'
import { bedrockAdapter } from './adapter.ts'

const ASK = { model: 'claude-opus-4-8', max_tokens: 64, messages: [{ role: 'user' as const, content: 'Hello' }] }
const HAIKU = { ...ASK, model: 'claude-haiku-4-5' }
const HAIKU_PROFILE = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'
const { model: _, ...DOCUMENT } = ASK

let bedrock: BedrockStandIn

beforeEach(async () => {
  // The vendors' clients would look for a machine's own settings.
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
  vi.stubEnv('AWS_BEARER_TOKEN_BEDROCK', undefined)
  bedrock = await startBedrockStandIn()
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await bedrock.stop()
})

function account(more: ProviderSettings = {}) {
  return accountOf('bedrock', { ...bedrock.configurations, ...more }, { key: bedrock.key })
}

function call(
  document: Readonly<Record<string, unknown>>,
  change: Parameters<typeof callOf>[3] = {},
  more: ProviderSettings = {},
) {
  const upstream = account(more)
  const signer = createAwsSigner({ clock: createManualClock() })
  return makeCall({ adapter: bedrockAdapter, signer }, upstream, callOf(bedrockAdapter, upstream, document, change))
}

function awsClient(): BedrockRuntimeClient {
  return new BedrockRuntimeClient({
    endpoint: bedrock.origin,
    region: 'us-east-1',
    credentials: credentials(),
    // HTTP/1.1, as the gateway speaks it.
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  })
}

function credentials() {
  return { accessKeyId: bedrock.configurations.aws_access_key_id, secretAccessKey: bedrock.key }
}

function anthropicOptions(baseURL: string) {
  const { accessKeyId, secretAccessKey } = credentials()
  return { baseURL, awsRegion: 'us-east-1', awsAccessKey: accessKeyId, awsSecretKey: secretAccessKey, maxRetries: 0 }
}

function lineOf({ method, path }: BedrockStandIn['requests'][number]) {
  return [method, path]
}

function documentOf({ body }: { readonly body: Buffer }) {
  return JSON.parse(body.toString('utf8')) as Record<string, unknown>
}

function scopeOf({ headers }: BedrockStandIn['requests'][number]) {
  return /Credential=[^/]+\/\d+\/([^,]+)/.exec(header(headers, 'authorization') ?? '')?.[1]
}

describe('an InvokeModel call', () => {
  it('is the very request that AWS’s own client sends', async () => {
    await call(HAIKU)
    await call({ ...HAIKU, stream: true })
    await call(HAIKU, { endpoint: 'count_tokens' })
    const client = awsClient()
    const body = Buffer.from(JSON.stringify({ ...DOCUMENT, anthropic_version: 'bedrock-2023-05-31' }))
    const invoke = { modelId: HAIKU_PROFILE, contentType: 'application/json', accept: 'application/json', body }
    await client.send(new InvokeModelCommand(invoke))
    await client.send(new InvokeModelWithResponseStreamCommand(invoke))
    await client.send(
      new CountTokensCommand({ modelId: HAIKU_PROFILE.replace('us.', ''), input: { invokeModel: { body } } }),
    )
    client.destroy()

    expect(bedrock.requests.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200))
    const [ours, theirs] = [bedrock.requests.slice(0, 3), bedrock.requests.slice(3)]
    expect(ours.map(lineOf)).toEqual(theirs.map(lineOf))
    expect(ours.map(scopeOf)).toEqual(theirs.map(scopeOf))
    expect(ours.slice(0, 2).map(documentOf)).toEqual(theirs.slice(0, 2).map(documentOf))
    expect(countedBody(ours[2]!)).toEqual(countedBody(theirs[2]!))
    for (const [at, { headers }] of ours.entries()) {
      expect(header(headers, 'content-type')).toBe(header(theirs[at]!.headers, 'content-type'))
    }
  })

  it('is the very request that Anthropic’s client for Bedrock sends, with its betas in the body', async () => {
    const betas: HeaderLines = ['anthropic-beta', 'computer-use-2025-11-24']
    await call(HAIKU, { headers: betas })
    await call({ ...HAIKU, stream: true }, { headers: betas })
    const client = new AnthropicBedrock(anthropicOptions(bedrock.origin))
    const asked = { ...HAIKU, model: HAIKU_PROFILE, betas: ['computer-use-2025-11-24'] }
    await client.beta.messages.create(asked)
    for await (const _event of await client.beta.messages.create({ ...asked, stream: true })) continue

    expect(bedrock.requests.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const [ours, theirs] = [bedrock.requests.slice(0, 2), bedrock.requests.slice(2)]
    // Their client leaves the colon of a revision as it is; AWS's own, and we, encode it. Both name the same model.
    expect(ours.map(({ path }) => decodeURIComponent(path))).toEqual(theirs.map(({ path }) => path))
    // Their client asks for a later version, which only refuses more.
    const version = { anthropic_version: 'bedrock-2023-05-31' }
    expect(ours.map(documentOf)).toEqual(theirs.map((request) => ({ ...documentOf(request), ...version })))
    expect(header(ours[0]!.headers, 'anthropic-beta')).toBeUndefined()
    expect(header(ours[0]!.headers, 'anthropic-version')).toBeUndefined()
  })

  it('arrives whole, with its length and its signature, however large it is', async () => {
    const text = 'a long file "with" quotes\n'.repeat(10_000)
    const messages = [{ role: 'user' as const, content: [{ type: 'text' as const, text }] }]
    await call({ ...HAIKU, messages })
    const [request] = bedrock.requests
    expect(request).toMatchObject({ status: 200 })
    expect(documentOf(request!)).toMatchObject({ anthropic_version: 'bedrock-2023-05-31', messages })
    expect(header(request!.headers, 'content-length')).toBe(String(request!.body.length))
  })

  it('carries the account’s guardrail, and no line for AWS of the caller’s', () => {
    const upstream = account({ aws_guardrail_identifier: 'gr-1' })
    const headers: HeaderLines = ['X-Amzn-Bedrock-GuardrailIdentifier', 'none', 'x-amz-date', 'x', 'x-stays', 'yes']
    const { request } = bedrockAdapter.encode(callOf(bedrockAdapter, upstream, ASK, { headers }), upstream)
    expect(request.headers).not.toContain('none')
    expect(header(request.headers, 'x-amz-date')).toBeUndefined()
    expect(header(request.headers, 'x-amzn-bedrock-guardrailidentifier')).toBe('gr-1')
    expect(header(request.headers, 'x-amzn-bedrock-guardrailversion')).toBe('DRAFT')
    expect(header(request.headers, 'x-stays')).toBe('yes')
    expect(header(request.headers, 'content-type')).toBe('application/json')
  })

  it('larger than AWS takes is for another target', () => {
    const upstream = account()
    const messages = [{ role: 'user', content: 'x'.repeat(20_000_000) }]
    const large = callOf(bedrockAdapter, upstream, { ...ASK, messages })
    expect(() => bedrockAdapter.encode(large, upstream)).toThrow(expect.objectContaining({ code: 'target.incapable' }))
  })
})

describe('the stand-in’s stream', () => {
  it('is read by AWS’s client to the same events that ours makes of it', async () => {
    const client = awsClient()
    const body = Buffer.from(JSON.stringify({ ...DOCUMENT, anthropic_version: 'bedrock-2023-05-31' }))
    const answer = await client.send(new InvokeModelWithResponseStreamCommand({ modelId: HAIKU_PROFILE, body }))
    const theirs: unknown[] = []
    for await (const { chunk } of answer.body ?? []) {
      const event = JSON.parse(Buffer.from(chunk?.bytes ?? []).toString('utf8')) as Record<string, unknown>
      delete event['amazon-bedrock-invocationMetrics']
      theirs.push(event)
    }
    client.destroy()
    const { text } = await call({ ...HAIKU, stream: true })
    const ours = [...text.matchAll(/^data: (.*)$/gm)].map(([, json = '']) => JSON.parse(json) as { type: string })
    expect(theirs.length).toBeGreaterThan(3)
    // Each answer has an id of its own.
    expect(ours.slice(1)).toEqual(theirs.slice(1))
    expect(ours[0]?.type).toBe('message_start')
  })
})

describe('a call by the Messages endpoints', () => {
  it('of bedrock-runtime keeps model and stream in the body, and betas in a header', async () => {
    const surface: ProviderSettings = {
      bedrock_surface: 'messages',
      custom_host: `${bedrock.origin}/anthropic/v1`,
    }
    const headers: HeaderLines = [
      'anthropic-version',
      '2023-06-01',
      'anthropic-beta',
      'interleaved-thinking-2025-05-14',
    ]
    const { status, text } = await call({ ...ASK, stream: true }, { headers, query: '?beta=true' }, surface)
    expect(status, text.slice(0, 300)).toBe(200)
    const [request] = bedrock.requests
    expect(lineOf(request!)).toEqual(['POST', '/anthropic/v1/messages'])
    expect(documentOf(request!)).toEqual({ ...ASK, model: 'us.anthropic.claude-opus-4-8', stream: true })
    expect(header(request!.headers, 'anthropic-version')).toBe('2023-06-01')
    expect(header(request!.headers, 'anthropic-beta')).toBe('interleaved-thinking-2025-05-14')
    expect(scopeOf(request!)).toBe('us-east-1/bedrock/aws4_request')
    expect(text).toContain('event: message_stop')
  })

  it('of Mantle is the very request that Anthropic’s client for it sends', async () => {
    const mantle = `${bedrock.origin}/anthropic/v1`
    await call({ ...ASK, stream: true }, {}, { bedrock_surface: 'mantle', custom_host: mantle })
    const { awsSecretKey, ...options } = anthropicOptions(`${bedrock.origin}/anthropic`)
    const client = new AnthropicBedrockMantle({ ...options, awsSecretAccessKey: awsSecretKey })
    const asked = { ...ASK, model: 'anthropic.claude-opus-4-8', stream: true as const }
    for await (const _event of await client.messages.create(asked)) continue
    const [ours, theirs] = bedrock.requests
    expect([ours!.status, theirs!.status]).toEqual([200, 200])
    expect(lineOf(ours!)).toEqual(lineOf(theirs!))
    expect(documentOf(ours!)).toEqual(documentOf(theirs!))
    expect(scopeOf(ours!)).toBe(scopeOf(theirs!))
  })

  it('counts by bedrock-runtime’s own call', () => {
    const upstream = accountOf('bedrock', { bedrock_surface: 'messages', aws_region: 'eu-west-1' })
    const counted = callOf(bedrockAdapter, upstream, HAIKU, { endpoint: 'count_tokens' })
    const { request } = bedrockAdapter.encode(counted, upstream)
    expect(request.origin + request.path).toBe(
      'https://bedrock-runtime.eu-west-1.amazonaws.com/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/count-tokens',
    )
  })
})

function countedBody(request: { readonly body: Buffer }): unknown {
  const { input } = documentOf(request) as { input: { invokeModel: { body: string } } }
  return documentOf({ body: Buffer.from(input.invokeModel.body, 'base64') })
}
